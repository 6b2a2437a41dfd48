//! `PostHog`: `{event, properties}` like its ancestors, with time and id beside the properties.

use super::tracker::is_device;
use super::{id, name, object, present, Draft, Said, SCREEN_VIEW};
use crate::event::{Kind, Library, Own, Page, Properties};
use crate::intake::invalid::{Fault, Problem};
use crate::intake::FilteredReason;
use crate::json::{Id, Object, Value};

/// Keys of the event.
#[derive(Default)]
struct Fields<'a> {
    event: Option<Value<'a>>,
    properties: Option<Value<'a>>,
    timestamp: Option<Value<'a>>,
    uuid: Option<Value<'a>>,
    distinct_id: Option<Value<'a>>,
    token: Option<Value<'a>>,
    set: Option<Value<'a>>,
    set_once: Option<Value<'a>>,
}

/// `PostHog`'s keys among the properties.
#[derive(Default)]
struct Inner<'a> {
    time: Option<Value<'a>>,
    insert_id: Option<Value<'a>>,
    distinct_id: Option<Value<'a>>,
    device_id: Option<Value<'a>>,
    group_type: Option<Value<'a>>,
    group_key: Option<Value<'a>>,
    group_set: Option<Value<'a>>,
    set: Option<Value<'a>>,
    set_once: Option<Value<'a>>,
    options: Option<Value<'a>>,
    token: Option<Value<'a>>,
    url: Option<Value<'a>>,
    path: Option<Value<'a>>,
    lib: Option<Value<'a>>,
    lib_version: Option<Value<'a>>,
}

pub(super) fn read(event: Object<'_>) -> Result<Said<'_>, Fault> {
    let fields = Fields::of(event);
    let sent_name = name(None, "event", fields.event)?;
    let kind = match &*sent_name.decoded() {
        "$identify" | "$set" => Kind::Identify,
        "$groupidentify" => Kind::Group,
        "$pageview" => Kind::Page,
        "$screen" => Kind::Track,
        "$create_alias" | "$merge_dangerously" => {
            return Ok(Said::Filtered(None, FilteredReason::Alias))
        }
        other if other.starts_with('$') => {
            return Ok(Said::Filtered(None, FilteredReason::Autocapture))
        }
        _ => Kind::Track,
    };
    let properties = object(kind, "properties", fields.properties)?;
    let inner = Inner::of(properties);
    let mut draft = Draft::new(kind);
    if kind == Kind::Track {
        draft.name = Some(if sent_name.is("$screen") {
            SCREEN_VIEW
        } else {
            sent_name
        });
    }
    draft.time = present(fields.timestamp).or(present(inner.time));
    draft.message_id =
        id(kind, "uuid", fields.uuid)?.or(id(kind, "properties.$insert_id", inner.insert_id)?);
    let device_id = id(kind, "properties.$device_id", inner.device_id)?;
    let distinct_id = id(kind, "distinct_id", fields.distinct_id)?.or(id(
        kind,
        "properties.distinct_id",
        inner.distinct_id,
    )?);
    draft.anonymous_id = device_id.or(distinct_id);
    draft.user_id = distinct_id.filter(|distinct| !is_device(*distinct, device_id));
    match kind {
        Kind::Identify => {
            draft.traits = object(kind, "properties.$set", inner.set)?
                .or(object(kind, "$set", fields.set)?)
                .or(object(kind, "properties.$set_once", inner.set_once)?)
                .or(object(kind, "$set_once", fields.set_once)?);
        }
        Kind::Group => {
            let group_id = id(kind, "properties.$group_key", inner.group_key)?;
            draft.group_id = Some(
                group_id
                    .ok_or_else(|| Fault::new(kind, "properties.$group_key", Problem::Missing))?,
            );
            draft.traits = object(kind, "properties.$group_set", inner.group_set)?;
            draft.user_id = draft.user_id.filter(|user| !inner.is_group(*user));
        }
        Kind::Track | Kind::Page => {}
    }
    // The SDK sends `title` with pageviews only, as a property among others, and there it stays; in any other event it is the
    // customer's and says nothing about the page.
    draft.page = Page {
        url: inner.url.and_then(Value::text),
        title: None,
        path: inner.path.and_then(Value::text),
    };
    if let Some(name) = inner.lib.and_then(Value::text) {
        draft.library = Library::Named(name, inner.lib_version.and_then(Value::text));
    }
    draft.properties = Properties::of(properties, Own::PostHog);
    draft.source = present(fields.token).or(inner.token).and_then(Value::id);
    draft.integrations = inner
        .options
        .and_then(Value::object)
        .and_then(|options| options.member("integrations"));
    Ok(Said::Event(draft))
}

impl<'a> Fields<'a> {
    fn of(event: Object<'a>) -> Self {
        let mut fields = Self::default();
        event.members(|key, value| {
            let field = match &*key.decoded() {
                "event" => &mut fields.event,
                "properties" => &mut fields.properties,
                "timestamp" => &mut fields.timestamp,
                "uuid" => &mut fields.uuid,
                "distinct_id" | "$distinct_id" => &mut fields.distinct_id,
                "token" | "api_key" => &mut fields.token,
                "$set" => &mut fields.set,
                "$set_once" => &mut fields.set_once,
                _ => return,
            };
            *field = Some(value);
        });
        fields
    }
}

impl<'a> Inner<'a> {
    /// Where nobody says whose call it is, the SDKs of servers let the group stand for the user: `$<type>_<key>`.
    fn is_group(&self, distinct_id: Id<'_>) -> bool {
        let part = |value: Option<Value<'a>>| value.and_then(Value::id).map(Id::decoded);
        let (Some(kind), Some(key)) = (part(self.group_type), part(self.group_key)) else {
            return false;
        };
        distinct_id.decoded() == format!("${kind}_{key}")
    }

    fn of(properties: Option<Object<'a>>) -> Self {
        let mut inner = Self::default();
        let Some(properties) = properties else {
            return inner;
        };
        properties.members(|key, value| {
            let field = match &*key.decoded() {
                "$time" => &mut inner.time,
                "$insert_id" => &mut inner.insert_id,
                "distinct_id" => &mut inner.distinct_id,
                "$device_id" => &mut inner.device_id,
                "$group_type" => &mut inner.group_type,
                "$group_key" => &mut inner.group_key,
                "$group_set" => &mut inner.group_set,
                "$set" => &mut inner.set,
                "$set_once" => &mut inner.set_once,
                "$options" => &mut inner.options,
                "token" => &mut inner.token,
                "$current_url" => &mut inner.url,
                "$pathname" => &mut inner.path,
                "$lib" => &mut inner.lib,
                "$lib_version" => &mut inner.lib_version,
                _ => return,
            };
            *field = Some(value);
        });
        inner
    }
}
