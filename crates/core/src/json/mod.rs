//! Looking into JSON without building it: every value stays the bytes the SDK sent.
//!
//! serde_json checks the syntax of a document once; from then on it is split one level at a time,
//! without recursion, so that depth costs nothing. Numbers, escapes, key order and duplicate keys
//! are never interpreted and so never changed.

use std::borrow::Cow;

mod finite;
mod scalar;
mod split;

pub use finite::with_finite_numbers;
use scalar::Scalar;
pub use split::check;

/// The meaning of a document that is one string.
#[must_use]
pub fn string(document: &str) -> Option<Cow<'_, str>> {
    match scalar::read(document)? {
        Scalar::String(text) => Some(text),
        _ => None,
    }
}

/// The number that a document is, if `f64` can hold it.
#[must_use]
pub fn number(document: &str) -> Option<f64> {
    match scalar::read(document)? {
        Scalar::Number(number) => Some(number),
        _ => None,
    }
}

/// A text as a JSON string, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    // A string always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

/// The text of one JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

/// The text of a JSON object, braces included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a>(&'a str);

/// The text of a JSON string, quotes and escapes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    text: &'a str,
    /// Known from where it was split off: most keys are looked at several times.
    has_escape: bool,
}

/// The text of a JSON string or number: what SDKs use for ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<'a>(&'a str);

impl<'a> Value<'a> {
    /// A document whose syntax has been checked, without whitespace around it.
    #[must_use]
    pub fn of_checked(document: &'a str) -> Self {
        Self(document)
    }

    /// The value as it was sent.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0
    }

    /// `null`: what SDKs send for "none".
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value, if it is an object.
    #[must_use]
    pub fn object(self) -> Option<Object<'a>> {
        self.0.starts_with('{').then_some(Object(self.0))
    }

    /// The value, if it is an object or `[]`: PHP writes an empty object so.
    #[must_use]
    pub fn object_or_empty_list(self) -> Option<Object<'a>> {
        let is_empty_list = || self.items_up_to(0).is_some_and(|items| items.is_empty());
        self.object()
            .or_else(|| is_empty_list().then_some(Object::EMPTY))
    }

    /// The value, if it is a string.
    #[must_use]
    pub fn text(self) -> Option<Text<'a>> {
        self.0.starts_with('"').then(|| Text {
            text: self.0,
            has_escape: split::has_escape(unquoted(self.0)),
        })
    }

    /// The value, if it is a string or a number.
    #[must_use]
    pub fn id(self) -> Option<Id<'a>> {
        (self.0.starts_with('"') || self.is_number()).then_some(Id(self.0))
    }

    /// The value, if it is a number that `f64` can hold.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        number(self.0)
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn items(self) -> Option<Vec<Value<'a>>> {
        self.items_up_to(usize::MAX)
    }

    /// The elements, if it is an array; of one with more than `most` the first `most` and one more.
    #[must_use]
    pub fn items_up_to(self, most: usize) -> Option<Vec<Value<'a>>> {
        let mut items = Vec::new();
        self.0.starts_with('[').then(|| {
            split::elements(self.0, &mut |item| {
                items.push(item);
                items.len() <= most
            });
            items
        })
    }

    /// Whether it holds more than so many values, at any depth: members of objects and elements of
    /// arrays. Most values are too short for that to be looked at.
    #[must_use]
    pub fn has_more_values_than(self, most: usize) -> bool {
        // A value takes a byte, and so does what stands before it.
        self.0.len() / 2 > most && split::values(self.0, most) > most
    }

    /// Neither an object nor an array.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        !self.0.starts_with(['{', '['])
    }

    fn is_number(self) -> bool {
        self.0
            .starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }
}

impl<'a> Object<'a> {
    /// The object without members.
    pub const EMPTY: Object<'static> = Object("{}");

    /// The object as it was sent.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0
    }

    /// Gives each member in order, key and value; duplicate keys come as often as they are there.
    pub fn members(self, mut visit: impl FnMut(Text<'a>, Value<'a>)) {
        split::members(self.0, &mut visit);
    }

    /// The last value under `key`, as `JSON.parse` has it.
    #[must_use]
    pub fn member(self, key: &str) -> Option<Value<'a>> {
        let mut found = None;
        self.members(|name, value| {
            if name.is(key) {
                found = Some(value);
            }
        });
        found
    }
}

impl<'a> Text<'a> {
    /// A string of our own; `json` is its JSON text, quotes included and without escapes.
    #[must_use]
    pub const fn of_json(json: &'static str) -> Text<'static> {
        Text {
            text: json,
            has_escape: false,
        }
    }

    /// The string as it was sent, quotes and escapes included.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.text
    }

    /// Between the quotes, still escaped.
    #[must_use]
    pub fn escaped(self) -> &'a str {
        unquoted(self.text)
    }

    /// The string that is meant. One with a lone surrogate means no string: it is left escaped.
    #[must_use]
    pub fn decoded(self) -> Cow<'a, str> {
        let escaped = self.escaped();
        if self.has_escape {
            string(self.text).unwrap_or(Cow::Borrowed(escaped))
        } else {
            Cow::Borrowed(escaped)
        }
    }

    /// Is it this string, however it is escaped?
    #[must_use]
    pub fn is(self, other: &str) -> bool {
        self.decoded() == other
    }

    /// The empty string.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.escaped().is_empty()
    }
}

impl<'a> Id<'a> {
    /// An id that is not from JSON and needs no escapes in it.
    #[must_use]
    pub fn of_escaped(id: &'a str) -> Self {
        Self(id)
    }

    /// The id between its quotes, still escaped; a number as it was written.
    #[must_use]
    pub fn escaped(self) -> &'a str {
        unquoted(self.0)
    }

    /// The empty string.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.escaped().is_empty()
    }

    /// The id that is meant.
    #[must_use]
    pub fn decoded(self) -> Cow<'a, str> {
        Value(self.0)
            .text()
            .map_or(Cow::Borrowed(self.0), Text::decoded)
    }

    /// Do both mean the same id, however they are written?
    #[must_use]
    pub fn same_as(self, other: Self) -> bool {
        self.0 == other.0 || self.decoded() == other.decoded()
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}
