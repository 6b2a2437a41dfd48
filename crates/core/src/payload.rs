//! An event as the bytes of the contract's JSON (seed, "Events").
//!
//! Keys come in the contract's order; one that does not apply is absent. `context.page` is null
//! where there is no page data and on page events, whose page data stand in `properties` instead;
//! `properties` is always there, and `traits` on identify and group.

use crate::config::Timestamps;
use crate::event::{Event, Kind, Library, Page, Properties};
use crate::json::{Id, Object, Text, Value};
use crate::time;

/// Writes the payload of `event` at the end of `out`.
pub fn render(event: &Event<'_>, timestamps: Timestamps, out: &mut Vec<u8>) {
    let mut object = Writer::open(out);
    if let (Kind::Track, Some(name)) = (event.kind, event.name) {
        object.key("event").extend_from_slice(name.get().as_bytes());
    }
    quoted(object.key("type"), event.kind.as_str());
    time::render(event.timestamp, timestamps, object.key("timestamp"));
    quoted(object.key("messageId"), event.message_id());
    object.id("anonymousId", event.anonymous_id);
    object.id("userId", event.user_id);
    context(event, object.key("context"));
    if event.kind == Kind::Group {
        object.id("groupId", event.group_id);
    }
    let page = match event.kind {
        Kind::Page => event.page,
        _ => Page::default(),
    };
    properties(&page, &event.properties, object.key("properties"));
    if matches!(event.kind, Kind::Identify | Kind::Group) {
        traits(event, object.key("traits"));
    }
    object.close();
}

/// Freshpaint's SDK for Android repeats the event's ids among the traits. They are left out, so
/// that each id stands in one place.
fn traits(event: &Event<'_>, out: &mut Vec<u8>) {
    let traits = event.traits.unwrap_or(Object::EMPTY);
    // Decoded once, because thousands of members may have such a key.
    let ids = [event.user_id, event.anonymous_id].map(|id| id.map(Id::decoded));
    let is_repeated = |key: Text<'_>, value: Value<'_>| {
        let is_id = matches!(&*key.decoded(), "userId" | "anonymousId");
        let id = value.id().filter(|_| is_id).map(Id::decoded);
        id.is_some_and(|id| ids.iter().flatten().any(|one| *one == id))
    };
    let mut is_whole = true;
    traits.members(|key, value| is_whole &= !is_repeated(key, value));
    if is_whole {
        out.extend_from_slice(traits.get().as_bytes());
        return;
    }
    let mut object = Writer::open(out);
    traits.members(|key, value| {
        if !is_repeated(key, value) {
            object.member(key, value);
        }
    });
    object.close();
}

/// The keys that `context` can have. A path of the configuration to another one gets a warning.
pub const CONTEXT_KEYS: [&str; 3] = ["page", "library", "ip"];

fn context(event: &Event<'_>, out: &mut Vec<u8>) {
    let mut context = Writer::open(out);
    let mut members = event.page.members().peekable();
    if event.kind == Kind::Page || members.peek().is_none() {
        context.key("page").extend_from_slice(b"null");
    } else {
        let mut page = Writer::open(context.key("page"));
        for (name, value) in members {
            page.text(name, value);
        }
        page.close();
    }
    match event.library {
        Library::Unknown => {}
        Library::Sent(library) => context
            .key("library")
            .extend_from_slice(library.get().as_bytes()),
        Library::Named(name, version) => {
            let mut library = Writer::open(context.key("library"));
            library.text("name", name);
            if let Some(version) = version {
                library.text("version", version);
            }
            library.close();
        }
    }
    if let Some(ip) = event.ip {
        quoted(context.key("ip"), &ip.to_string());
    }
    context.close();
}

/// Page data go before the properties, each unless the properties have it already.
fn properties(page: &Page<'_>, properties: &Properties<'_>, out: &mut Vec<u8>) {
    if *page == Page::default() {
        if let Some(whole) = properties.whole() {
            out.extend_from_slice(whole.get().as_bytes());
            return;
        }
    }
    let mut object = Writer::open(out);
    if *page != Page::default() {
        let mut absent = *page;
        properties.members(|key, _| match &*key.decoded() {
            "url" => absent.url = None,
            "title" => absent.title = None,
            "path" => absent.path = None,
            _ => {}
        });
        for (name, value) in absent.members() {
            object.text(name, value);
        }
    }
    properties.members(|key, value| object.member(key, value));
    object.close();
}

/// One JSON object being written.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Writer<'o> {
    fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Where the next member goes, after the comma if it needs one.
    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.out
    }

    /// Where the value of `key` goes; `key` needs no escapes.
    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        let out = self.next();
        quoted(out, key);
        out.push(b':');
        out
    }

    fn member(&mut self, key: Text<'_>, value: Value<'_>) {
        let out = self.next();
        out.extend_from_slice(key.get().as_bytes());
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }

    fn text(&mut self, key: &str, value: Text<'_>) {
        self.key(key).extend_from_slice(value.get().as_bytes());
    }

    fn id(&mut self, key: &str, id: Option<Id<'_>>) {
        if let Some(id) = id {
            quoted(self.key(key), id.escaped());
        }
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

/// Writes a string that is escaped already or needs no escapes.
fn quoted(out: &mut Vec<u8>, escaped: &str) {
    out.push(b'"');
    out.extend_from_slice(escaped.as_bytes());
    out.push(b'"');
}
