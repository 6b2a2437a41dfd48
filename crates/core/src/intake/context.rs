//! Segment's `context`, of one event or of a whole batch.

use crate::consent::Consent;
use crate::event::{Library, Page};
use crate::json::{Object, Value};

fields! {
    /// Keys of a context.
    struct Fields {
        page: "page",
        library: "library",
        traits: "traits",
        consent: "consent",
    }
}

fields! {
    /// The contract's keys of a page; SDKs send more.
    struct PageFields {
        url: "url",
        title: "title",
        path: "path",
    }
}

/// The parts of a context that concern its events.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Surroundings<'a> {
    pub(super) page: Page<'a>,
    pub(super) library: Library<'a>,
    pub(super) traits: Option<Value<'a>>,
    pub(super) consent: Option<Consent<'a>>,
}

/// An object of its own; older SDKs send its name alone.
fn library(sent: Option<Value<'_>>) -> Library<'_> {
    let object = sent.and_then(Value::object).map(Library::Sent);
    let name = sent.and_then(Value::text);
    object
        .or(name.map(|name| Library::Named(name, None)))
        .unwrap_or_default()
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(context: Option<Object<'a>>) -> Self {
        let fields = Fields::of(context);
        let page = PageFields::of(fields.page.and_then(Value::object));
        Self {
            page: Page {
                url: page.url.and_then(Value::text),
                title: page.title.and_then(Value::text),
                path: page.path.and_then(Value::text),
            },
            library: library(fields.library),
            traits: fields.traits,
            consent: fields.consent.map(|consent| Consent::of(Some(consent))),
        }
    }

    /// Takes from `other` each of page, library and consent that this one does not have.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            page: if self.page == Page::default() {
                other.page
            } else {
                self.page
            },
            library: match self.library {
                Library::Unknown => other.library,
                known => known,
            },
            traits: self.traits,
            consent: self.consent.or(other.consent),
        }
    }
}
