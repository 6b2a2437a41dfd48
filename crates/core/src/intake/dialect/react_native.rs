//! Freshpaint React Native, whose client comes from Amplitude's: the customer's properties are one
//! level down, in `custom_props`.

use super::{
    group_id, id, integrations_of, name, object, present, Credential, Dialect, Draft, Methods,
    Parsed, Path, Replies,
};
use crate::event::{Kind, Library, Properties, ReservedKeys};
use crate::intake::invalid::Fault;
use crate::intake::{response, FilteredReason};
use crate::json::{Object, Value};

pub(super) static REACT_NATIVE: Dialect = Dialect {
    name: "react_native",
    about: "Freshpaint for React Native",
    paths: &[Path::new("/react-native", |event, _| read(event))],
    methods: Methods::Post,
    list: "e",
    credential: Credential::None,
    // The client takes every other body for a failure.
    replies: Replies {
        success: |_, _| response::text("success"),
        failure: response::plain_failure,
    },
};

fields! {
    /// Keys of the event.
    struct Fields {
        event_type: "event_type",
        properties: "event_properties",
        timestamp: "timestamp",
        uuid: "uuid",
        device_id: "device_id",
        user_id: "user_id",
        library: "library",
    }
}

fields! {
    /// Keys of `event_properties`.
    struct Inner {
        custom: "custom_props",
        distinct_id: "distinct_id",
        anon_distinct_id: "$anon_distinct_id",
        group_id: "$group_id",
        user_props: "$user_props",
        group_props: "$group_props",
        options: "$options",
    }
}

fn read(event: Object<'_>) -> Result<Parsed<'_>, Fault> {
    let fields = Fields::of(event);
    let event_type = name(None, "event_type", fields.event_type)?;
    let kind = match &*event_type.decoded() {
        "$identify" => Kind::Identify,
        "$group" => Kind::Group,
        other if other.starts_with('$') => {
            return Ok(Parsed::Filtered(None, FilteredReason::Autocapture))
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
    draft.anonymous_id = id(kind, "device_id", fields.device_id)?;
    match kind {
        Kind::Identify => {
            draft.user_id =
                id(kind, "event_properties.distinct_id", inner.distinct_id)?.or(draft.user_id);
            let anonymous_id = inner.anon_distinct_id;
            let anonymous_id = id(kind, "event_properties.$anon_distinct_id", anonymous_id)?;
            draft.anonymous_id = draft.anonymous_id.or(anonymous_id);
            draft.traits = object(kind, "event_properties.$user_props", inner.user_props)?;
        }
        Kind::Group => {
            draft.group_id = group_id("event_properties.$group_id", inner.group_id)?;
            draft.traits = object(kind, "event_properties.$group_props", inner.group_props)?;
        }
        Kind::Track | Kind::Page => {}
    }
    draft.anonymous_id = draft.anonymous_id.or(draft.user_id);
    draft.surroundings.library = fields
        .library
        .and_then(Value::object)
        .map_or(Library::Unknown, Library::Sent);
    draft.properties = Properties {
        parts: [
            properties.map(|properties| (properties, ReservedKeys::ReactNative)),
            custom.map(|custom| (custom, ReservedKeys::Dollar)),
        ],
    };
    // `track` puts the options among the customer's properties, the other calls beside them.
    let custom_options = custom.and_then(|custom| custom.member("$options"));
    draft.integrations = integrations_of(inner.options.or(custom_options));
    Ok(Parsed::Event(draft))
}
