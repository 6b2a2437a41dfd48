//! Segment, RudderStack and servers that speak like them: the type is in the body, or in the path.

use super::{
    group_id, id, name, object, present, Credential, Dialect, Draft, Methods, Parsed, Path,
    Replies, Type, SCREEN_VIEW,
};
use crate::event::{Kind, Properties, ReservedKeys};
use crate::intake::context::Surroundings;
use crate::intake::invalid::{Defect, Fault};
use crate::intake::{response, FilteredReason};
use crate::json::{self, Object, Text, Value};
use crate::local_reply::LocalReply;

pub(super) static SEGMENT: Dialect = Dialect {
    name: "segment",
    about: "Segment, RudderStack, and servers that speak like them",
    paths: &[
        Path::new("/v1/batch", read),
        Path::new("/v1/b", read),
        Path::new("/v1/import", read),
        Path::new("/v1/<type>", read),
        Path::new("/v1/<letter>", read),
    ],
    methods: Methods::Post,
    list: "batch",
    credential: Credential::Authorization,
    replies: REPLIES,
};

/// RudderStack's Python SDK sends again after a 4xx whose JSON lacks `code` or `message`.
pub(super) const REPLIES: Replies = Replies {
    success: |_, report| response::object("\"success\":true", report),
    failure: |_, status, sentence| {
        let message = json::quoted(sentence);
        let body = format!("{{\"success\":false,\"code\":\"{status}\",\"message\":{message}}}");
        LocalReply::json(status, body)
    },
};

fields! {
    /// Keys of the event.
    struct Fields {
        kind: "type",
        event: "event",
        timestamp: "timestamp",
        original_timestamp: "originalTimestamp",
        sent_at: "sentAt",
        message_id: "messageId",
        anonymous_id: "anonymousId",
        user_id: "userId",
        group_id: "groupId",
        context: "context",
        name: "name",
        category: "category",
        properties: "properties",
        traits: "traits",
        integrations: "integrations",
        write_key: "writeKey",
    }
}

/// Reads one event whose properties are the customer's alone.
pub(super) fn read(event: Object<'_>, path: Option<Type>) -> Result<Parsed<'_>, Fault> {
    read_with(event, path, ReservedKeys::None)
}

/// Reads one event; `reserved` are the SDK's keys among its properties.
pub(super) fn read_with<'a>(
    event: Object<'a>,
    path: Option<Type>,
    reserved: ReservedKeys,
) -> Result<Parsed<'a>, Fault> {
    let fields = Fields::of(event);
    let call = typed(fields.kind, path)?;
    let kind = match call {
        Type::Alias => return Ok(Parsed::Filtered(None, FilteredReason::Alias)),
        Type::Track | Type::Screen => Kind::Track,
        Type::Page => Kind::Page,
        Type::Identify => Kind::Identify,
        Type::Group => Kind::Group,
    };
    let surroundings = Surroundings::of(object(kind, "context", fields.context)?);
    let mut draft = Draft::new(kind);
    draft.name = match call {
        Type::Screen => Some(SCREEN_VIEW),
        Type::Track => Some(name(Some(kind), "event", fields.event)?),
        _ => None,
    };
    draft.time = present(fields.timestamp).or(present(fields.original_timestamp));
    draft.sent_at = fields.sent_at;
    draft.message_id = id(kind, "messageId", fields.message_id)?;
    draft.user_id = id(kind, "userId", fields.user_id)?;
    draft.anonymous_id = id(kind, "anonymousId", fields.anonymous_id)?.or(draft.user_id);
    if kind == Kind::Group {
        draft.group_id = group_id("groupId", fields.group_id)?;
    }
    draft.surroundings = surroundings;
    draft.properties = Properties::of(object(kind, "properties", fields.properties)?, reserved);
    draft.traits = object(kind, "traits", fields.traits)?;
    if kind == Kind::Identify && draft.traits.is_none() {
        // RudderStack's SDKs for JavaScript, Python and apps put them there and nowhere else.
        draft.traits = object(kind, "context.traits", surroundings.traits)?;
    }
    if matches!(call, Type::Page | Type::Screen) {
        draft.view_name = fields.name.and_then(Value::text);
        draft.view_category = fields.category.and_then(Value::text);
    }
    draft.source = fields.write_key.and_then(Value::id);
    draft.integrations = fields.integrations;
    Ok(Parsed::Event(draft))
}

fn typed(sent: Option<Value<'_>>, path: Option<Type>) -> Result<Type, Fault> {
    match (present(sent), path) {
        (None, Some(path)) => Ok(path),
        (None, None) => Err(Fault::new(None, "type", Defect::Missing)),
        (Some(sent), _) => sent
            .text()
            .map(Text::decoded)
            .and_then(|sent| {
                // HTTP callers also write `Track`.
                Type::of_name(&sent).or_else(|| Type::of_name(&sent.to_ascii_lowercase()))
            })
            .ok_or_else(|| Fault::new(None, "type", Defect::UnknownType)),
    }
}
