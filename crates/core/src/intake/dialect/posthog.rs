//! `PostHog`: `{event, properties}` as Mixpanel sends it, with time and id beside the properties.

use super::{
    group_id, id, integrations_of, name, object, present, Credential, Dialect, Draft, Methods,
    Parsed, Path, Replies, SCREEN_VIEW,
};
use crate::event::{Kind, Library, Page, Properties, ReservedKeys};
use crate::intake::invalid::Fault;
use crate::intake::{response, FilteredReason};
use crate::json::{self, Id, Object, Value};
use crate::local_reply::LocalReply;

pub(super) static POSTHOG: Dialect = Dialect {
    name: "posthog",
    about: "PostHog",
    paths: &[
        Path::new("/e", |event, _| read(event)),
        Path::new("/i/v0/e", |event, _| read(event)),
        Path::new("/batch", |event, _| read(event)),
        Path::new("/capture", |event, _| read(event)),
    ],
    methods: Methods::Post,
    list: "batch",
    credential: Credential::Authorization,
    replies: Replies {
        success: |_, report| response::object("\"status\":1", report),
        failure: |_, status, sentence| {
            let detail = json::quoted(sentence);
            LocalReply::json(status, format!("{{\"status\":0,\"detail\":{detail}}}"))
        },
    },
};

/// The distinct id of everybody in the browser SDK's cookieless mode: it stands for nobody.
const COOKIELESS: &str = "$posthog_cookieless";

fields! {
    /// Keys of the event.
    struct Fields {
        event: "event",
        properties: "properties",
        timestamp: "timestamp",
        offset: "offset",
        uuid: "uuid",
        /// Of older SDKs for Python, PHP and Ruby, which send no `uuid`.
        message_id: "messageId",
        distinct_id: "distinct_id" | "$distinct_id",
        token: "token" | "api_key",
        set: "$set",
        set_once: "$set_once",
        /// Of the SDK for Java, which has none among the properties.
        lib: "$lib",
    }
}

fields! {
    /// `PostHog`'s keys among the properties.
    struct Inner {
        time: "$time",
        insert_id: "$insert_id",
        distinct_id: "distinct_id",
        device_id: "$device_id",
        anon_distinct_id: "$anon_distinct_id",
        is_identified: "$is_identified",
        group_type: "$group_type",
        group_key: "$group_key",
        group_set: "$group_set",
        set: "$set",
        set_once: "$set_once",
        options: "$options",
        token: "token",
        url: "$current_url",
        path: "$pathname",
        lib: "$lib",
        lib_version: "$lib_version",
    }
}

fn read(event: Object<'_>) -> Result<Parsed<'_>, Fault> {
    let fields = Fields::of(event);
    let sent_name = name(None, "event", fields.event)?;
    let kind = match &*sent_name.decoded() {
        "$identify" | "$set" | "$set_once" => Kind::Identify,
        "$groupidentify" => Kind::Group,
        "$pageview" => Kind::Page,
        "$screen" => Kind::Track,
        "$create_alias" | "$merge_dangerously" => {
            return Ok(Parsed::Filtered(None, FilteredReason::Alias))
        }
        other if other.starts_with('$') => {
            return Ok(Parsed::Filtered(None, FilteredReason::Autocapture))
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
    draft.time = present(fields.timestamp);
    if draft.time.is_none() {
        draft.time = present(inner.time);
        draft.offset = fields.offset;
    }
    draft.message_id = id(kind, "uuid", fields.uuid)?
        .or(id(kind, "properties.$insert_id", inner.insert_id)?)
        .or(id(kind, "messageId", fields.message_id)?);
    let device_id = id(kind, "properties.$device_id", inner.device_id)?;
    let distinct_id = id(kind, "distinct_id", fields.distinct_id)?.or(id(
        kind,
        "properties.distinct_id",
        inner.distinct_id,
    )?);
    let distinct_id = distinct_id.filter(|id| id.decoded() != COOKIELESS);
    let anonymous_id = match kind {
        Kind::Identify => id(kind, "properties.$anon_distinct_id", inner.anon_distinct_id)?,
        _ => None,
    };
    if inner.is_anonymous() && !sent_name.is("$identify") {
        draft.anonymous_id = device_id.or(distinct_id);
    } else {
        draft.set_ids(device_id.or(anonymous_id), distinct_id, None);
    }
    match kind {
        Kind::Identify => {
            let set =
                object(kind, "properties.$set", inner.set)?.or(object(kind, "$set", fields.set)?);
            let set_once = object(kind, "properties.$set_once", inner.set_once)?;
            // posthog-js puts the parameters of a campaign into the `$set_once` beside
            // `properties`; they are not the customer's.
            let beside = object(kind, "$set_once", fields.set_once)?.filter(|_| set.is_none());
            let set_once = set_once.or(beside);
            let sets_nothing = set.is_none_or(|set| set.get() == "{}");
            draft.traits = if sets_nothing { set_once.or(set) } else { set };
        }
        Kind::Group => {
            draft.group_id = group_id("properties.$group_key", inner.group_key)?;
            draft.group_type = inner.group_type.and_then(Value::id);
            draft.traits = object(kind, "properties.$group_set", inner.group_set)?;
            draft.user_id = draft.user_id.filter(|user| !inner.is_group(*user));
        }
        Kind::Track | Kind::Page => {}
    }
    // The SDK sends `title` with pageviews only, as one of the properties, and there it stays. In
    // any other event it is a property of the customer's, and not the title of the page.
    draft.surroundings.page = Page {
        url: inner.url.and_then(Value::text),
        title: None,
        path: inner.path.and_then(Value::text),
    };
    if let Some(name) = inner.lib.or(fields.lib).and_then(Value::text) {
        draft.surroundings.library = Library::Named(name, inner.lib_version.and_then(Value::text));
    }
    draft.properties = Properties::of(properties, ReservedKeys::PostHog);
    draft.source = present(fields.token).or(inner.token).and_then(Value::id);
    draft.integrations = integrations_of(inner.options);
    Ok(Parsed::Event(draft))
}

impl<'a> Inner<'a> {
    /// Whether the SDK says that it knows no user. Then it made its distinct id up, also where that
    /// is not the device's, as after `reset()`, or the event has no device's, as in apps.
    fn is_anonymous(&self) -> bool {
        self.is_identified.is_some_and(|is| is.get() == "false")
    }

    /// Whether the id stands for the group: without a user, the SDKs of servers send
    /// `$<type>_<key>`.
    fn is_group(&self, distinct_id: Id<'_>) -> bool {
        let part = |value: Option<Value<'a>>| value.and_then(Value::id).map(Id::decoded);
        let (Some(kind), Some(key)) = (part(self.group_type), part(self.group_key)) else {
            return false;
        };
        let distinct_id = distinct_id.decoded();
        let rest = distinct_id.strip_prefix('$');
        let rest = rest.and_then(|rest| rest.strip_prefix(&*kind)?.strip_prefix('_'));
        rest == Some(&*key)
    }
}
