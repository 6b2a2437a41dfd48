//! Segment, `RudderStack` and Jitsu: the type is in the body, or in the path.

use super::{id, name, object, present, Draft, Said, Type, SCREEN_VIEW};
use crate::consent::Consent;
use crate::event::{Kind, Library, Own, Page, Properties};
use crate::intake::invalid::{Fault, Problem};
use crate::intake::FilteredReason;
use crate::json::{Object, Text, Value};

#[derive(Default)]
struct Fields<'a> {
    kind: Option<Value<'a>>,
    event: Option<Value<'a>>,
    timestamp: Option<Value<'a>>,
    original_timestamp: Option<Value<'a>>,
    sent_at: Option<Value<'a>>,
    message_id: Option<Value<'a>>,
    anonymous_id: Option<Value<'a>>,
    user_id: Option<Value<'a>>,
    group_id: Option<Value<'a>>,
    context: Option<Value<'a>>,
    properties: Option<Value<'a>>,
    traits: Option<Value<'a>>,
    integrations: Option<Value<'a>>,
    write_key: Option<Value<'a>>,
}

#[derive(Default)]
struct Surroundings<'a> {
    page: Option<Value<'a>>,
    library: Option<Value<'a>>,
    traits: Option<Value<'a>>,
    consent: Option<Value<'a>>,
}

/// Reads one event whose properties are the customer's alone.
pub(super) fn read<'a>(event: Object<'a>, path: Option<Type>) -> Result<Said<'a>, Fault> {
    read_with(event, path, Own::Nothing)
}

/// Reads one event; `own` are the SDK's keys among its properties.
pub(super) fn read_with<'a>(
    event: Object<'a>,
    path: Option<Type>,
    own: Own,
) -> Result<Said<'a>, Fault> {
    let fields = Fields::of(event);
    let call = typed(fields.kind, path)?;
    let kind = match call {
        Type::Alias => return Ok(Said::Filtered(None, FilteredReason::Alias)),
        Type::Track | Type::Screen => Kind::Track,
        Type::Page => Kind::Page,
        Type::Identify => Kind::Identify,
        Type::Group => Kind::Group,
    };
    let surroundings = Surroundings::of(object(kind, "context", fields.context)?);
    let mut draft = Draft::new(kind);
    draft.name = match call {
        Type::Screen => Some(SCREEN_VIEW),
        Type::Track => Some(name(kind, "event", fields.event)?),
        _ => None,
    };
    draft.time = present(fields.timestamp).or(present(fields.original_timestamp));
    draft.sent_at = fields.sent_at;
    draft.message_id = id(kind, "messageId", fields.message_id)?;
    draft.user_id = id(kind, "userId", fields.user_id)?;
    draft.anonymous_id = id(kind, "anonymousId", fields.anonymous_id)?.or(draft.user_id);
    if kind == Kind::Group {
        let group_id = id(kind, "groupId", fields.group_id)?;
        draft.group_id =
            Some(group_id.ok_or_else(|| Fault::new(kind, "groupId", Problem::Missing))?);
    }
    draft.page = page(surroundings.page);
    draft.library = surroundings
        .library
        .and_then(Value::object)
        .map_or(Library::Unknown, Library::Sent);
    draft.properties = Properties::of(object(kind, "properties", fields.properties)?, own);
    draft.traits = object(kind, "traits", fields.traits)?;
    if kind == Kind::Identify && draft.traits.is_none() {
        // RudderStack's JavaScript and Python SDKs put them there and nowhere else.
        draft.traits = object(kind, "context.traits", surroundings.traits)?;
    }
    draft.source = fields.write_key.and_then(Value::id);
    draft.integrations = fields.integrations;
    draft.consent = Consent::of(surroundings.consent);
    Ok(Said::Event(draft))
}

fn typed(sent: Option<Value<'_>>, path: Option<Type>) -> Result<Type, Fault> {
    match (present(sent), path) {
        (None, Some(path)) => Ok(path),
        (None, None) => Err(Fault::new(None, "type", Problem::Missing)),
        (Some(sent), _) => sent
            .text()
            .map(Text::decoded)
            .and_then(|sent| Type::of_name(sent.as_bytes()))
            .ok_or_else(|| Fault::new(None, "type", Problem::UnknownType)),
    }
}

/// The contract's three; SDKs send more.
fn page(sent: Option<Value<'_>>) -> Page<'_> {
    let mut page = Page::default();
    if let Some(sent) = sent.and_then(Value::object) {
        sent.members(|key, value| match &*key.decoded() {
            "url" => page.url = value.text(),
            "title" => page.title = value.text(),
            "path" => page.path = value.text(),
            _ => {}
        });
    }
    page
}

impl<'a> Fields<'a> {
    fn of(event: Object<'a>) -> Self {
        let mut fields = Self::default();
        event.members(|key, value| {
            let field = match &*key.decoded() {
                "type" => &mut fields.kind,
                "event" => &mut fields.event,
                "timestamp" => &mut fields.timestamp,
                "originalTimestamp" => &mut fields.original_timestamp,
                "sentAt" => &mut fields.sent_at,
                "messageId" => &mut fields.message_id,
                "anonymousId" => &mut fields.anonymous_id,
                "userId" => &mut fields.user_id,
                "groupId" => &mut fields.group_id,
                "context" => &mut fields.context,
                "properties" => &mut fields.properties,
                "traits" => &mut fields.traits,
                "integrations" => &mut fields.integrations,
                "writeKey" => &mut fields.write_key,
                _ => return,
            };
            *field = Some(value);
        });
        fields
    }
}

impl<'a> Surroundings<'a> {
    fn of(context: Option<Object<'a>>) -> Self {
        let mut surroundings = Self::default();
        if let Some(context) = context {
            context.members(|key, value| {
                let field = match &*key.decoded() {
                    "page" => &mut surroundings.page,
                    "library" => &mut surroundings.library,
                    "traits" => &mut surroundings.traits,
                    "consent" => &mut surroundings.consent,
                    _ => return,
                };
                *field = Some(value);
            });
        }
        surroundings
    }
}
