//! Freshpaint React Native, whose client comes from Amplitude's: the customer's properties are one level down, in `custom_props`.

use super::{id, name, object, present, Draft, Said};
use crate::event::{Kind, Library, Own, Properties};
use crate::intake::invalid::{Fault, Problem};
use crate::intake::FilteredReason;
use crate::json::{Object, Value};

#[derive(Default)]
struct Fields<'a> {
    event_type: Option<Value<'a>>,
    properties: Option<Value<'a>>,
    timestamp: Option<Value<'a>>,
    uuid: Option<Value<'a>>,
    device_id: Option<Value<'a>>,
    user_id: Option<Value<'a>>,
    library: Option<Value<'a>>,
}

/// Keys of `event_properties`.
#[derive(Default)]
struct Inner<'a> {
    custom: Option<Value<'a>>,
    distinct_id: Option<Value<'a>>,
    group_id: Option<Value<'a>>,
    user_props: Option<Value<'a>>,
    group_props: Option<Value<'a>>,
    options: Option<Value<'a>>,
}

pub(super) fn read(event: Object<'_>) -> Result<Said<'_>, Fault> {
    let fields = Fields::of(event);
    let event_type = name(None, "event_type", fields.event_type)?;
    let kind = match &*event_type.decoded() {
        "$identify" => Kind::Identify,
        "$group" => Kind::Group,
        other if other.starts_with('$') => {
            return Ok(Said::Filtered(None, FilteredReason::Autocapture))
        }
        _ => Kind::Track,
    };
    let properties = object(kind, "event_properties", fields.properties)?;
    let inner = Inner::of(properties);
    let custom = object(kind, "event_properties.custom_props", inner.custom)?;
    let mut draft = Draft::new(kind);
    if kind == Kind::Track {
        draft.name = Some(event_type);
    }
    draft.time = present(fields.timestamp);
    draft.message_id = id(kind, "uuid", fields.uuid)?;
    draft.user_id = id(kind, "user_id", fields.user_id)?;
    draft.anonymous_id = id(kind, "device_id", fields.device_id)?.or(draft.user_id);
    match kind {
        Kind::Identify => {
            draft.user_id =
                id(kind, "event_properties.distinct_id", inner.distinct_id)?.or(draft.user_id);
            draft.traits = object(kind, "event_properties.$user_props", inner.user_props)?;
        }
        Kind::Group => {
            let group_id = id(kind, "event_properties.$group_id", inner.group_id)?;
            draft.group_id =
                Some(group_id.ok_or_else(|| {
                    Fault::new(kind, "event_properties.$group_id", Problem::Missing)
                })?);
            draft.traits = object(kind, "event_properties.$group_props", inner.group_props)?;
        }
        Kind::Track | Kind::Page => {}
    }
    draft.library = fields
        .library
        .and_then(Value::object)
        .map_or(Library::Unknown, Library::Sent);
    draft.properties = Properties {
        parts: [
            properties.map(|properties| (properties, Own::ReactNative)),
            custom.map(|custom| (custom, Own::Dollar)),
        ],
    };
    // `track` puts the options among the customer's properties, the other calls beside them.
    let custom_options = custom.and_then(|custom| custom.member("$options"));
    draft.integrations = inner
        .options
        .or(custom_options)
        .and_then(Value::object)
        .and_then(|options| options.member("integrations"));
    Ok(Said::Event(draft))
}

impl<'a> Fields<'a> {
    fn of(event: Object<'a>) -> Self {
        let mut fields = Self::default();
        event.members(|key, value| {
            let field = match &*key.decoded() {
                "event_type" => &mut fields.event_type,
                "event_properties" => &mut fields.properties,
                "timestamp" => &mut fields.timestamp,
                "uuid" => &mut fields.uuid,
                "device_id" => &mut fields.device_id,
                "user_id" => &mut fields.user_id,
                "library" => &mut fields.library,
                _ => return,
            };
            *field = Some(value);
        });
        fields
    }
}

impl<'a> Inner<'a> {
    fn of(properties: Option<Object<'a>>) -> Self {
        let mut inner = Self::default();
        let Some(properties) = properties else {
            return inner;
        };
        properties.members(|key, value| {
            let field = match &*key.decoded() {
                "custom_props" => &mut inner.custom,
                "distinct_id" => &mut inner.distinct_id,
                "$group_id" => &mut inner.group_id,
                "$user_props" => &mut inner.user_props,
                "$group_props" => &mut inner.group_props,
                "$options" => &mut inner.options,
                _ => return,
            };
            *field = Some(value);
        });
        inner
    }
}
