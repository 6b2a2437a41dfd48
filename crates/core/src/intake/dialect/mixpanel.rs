//! Freshpaint's HTTP API and freshpaint.js, and Mixpanel, from which freshpaint.js descends:
//! `{event, properties}`, where the SDK's own keys and the customer's share `properties`.

use super::{
    group_id, id, integrations_of, name, object, present, Credential, Dialect, Draft, Methods,
    Parsed, Path, Replies, SCREEN_VIEW,
};
use crate::event::{Kind, Library, Page, Properties, ReservedKeys};
use crate::intake::invalid::{Defect, Fault};
use crate::intake::{response, FilteredReason};
use crate::json::{self, Id, Object, Text, Value};
use crate::local_reply::LocalReply;

/// freshpaint.js carries its events in the query of a `GET`, or in the body of a `POST`.
pub(super) static MIXPANEL: Dialect = Dialect {
    name: "track",
    about: "Freshpaint's HTTP API and freshpaint.js, the Mixpanel family",
    paths: &[
        Path::new("/track", |event, _| read(event)),
        Path::new("/engage", |update, _| read_profile(update, Kind::Identify)),
        Path::new("/groups", |update, _| read_profile(update, Kind::Group)),
        Path::new("/import", |event, _| read(event)),
    ],
    methods: Methods::GetOrPost,
    list: "batch",
    credential: Credential::Basic,
    // Mixpanel's servers answer `1`, or an object if the request asks for a verbose answer.
    replies: Replies {
        success: |verbose, report| {
            if !verbose {
                return response::text("1");
            }
            let error = match report.reasons() {
                [] => "null".to_owned(),
                [(_, reason), ..] => json::quoted(&reason.to_string()),
            };
            LocalReply::json(200, format!("{{\"status\":1,\"error\":{error}}}"))
        },
        failure: |verbose, status, sentence| {
            if !verbose {
                return response::plain_failure(verbose, status, sentence);
            }
            let error = json::quoted(sentence);
            LocalReply::json(status, format!("{{\"status\":0,\"error\":{error}}}"))
        },
    },
};

/// The name of freshpaint.js in the contract's examples; on the wire it is `web`.
const FRESHPAINT_JS: Text<'static> = Text::of_json("\"freshpaint.js\"");

fields! {
    /// Keys of an event.
    struct Fields {
        event: "event",
        properties: "properties",
        metadata: "$mp_metadata",
    }
}

fields! {
    /// The SDK's keys among the properties.
    struct Inner {
        time: "time",
        insert_id: "$insert_id",
        distinct_id: "distinct_id",
        device_id: "$device_id",
        user_id: "$user_id",
        /// The SDKs' name and Mixpanel's HTTP API's, which has no `distinct_id` beside it.
        anon_distinct_id: "$anon_distinct_id" | "$anon_id",
        identified_id: "$identified_id",
        group_id: "$group_id",
        user_props: "$user_props",
        group_props: "$group_props",
        event_type: "$event_type",
        options: "$options",
        token: "token",
        url: "$current_url",
        title: "$title",
        path: "$pathname",
        browser: "$browser",
        lib: "$lib",
        mp_lib: "mp_lib",
        lib_version: "$lib_version",
    }
}

fields! {
    /// Keys of a change to the profile of a user or a group.
    struct ProfileFields {
        time: "$time",
        token: "$token",
        distinct_id: "$distinct_id",
        device_id: "$device_id",
        user_id: "$user_id",
        group_key: "$group_key",
        group_id: "$group_id",
        set: "$set",
        set_once: "$set_once",
        /// A change that depends on the values that the profile has.
        operation: "$add" | "$append" | "$union" | "$remove" | "$unset" | "$delete" | "$merge",
        metadata: "$mp_metadata",
    }
}

fn read(event: Object<'_>) -> Result<Parsed<'_>, Fault> {
    let fields = Fields::of(event);
    let sent_name = name(None, "event", fields.event)?;
    let properties = object(Kind::Track, "properties", fields.properties)?;
    let inner = Inner::of(properties);
    let kind = match &*sent_name.decoded() {
        "$identify" => Kind::Identify,
        "$group" => Kind::Group,
        // `$mp_web_page_view` is Mixpanel's pageview, collected on its own as well.
        // Older ones send `mp_page_view` whenever a page is loaded.
        "$page" | "$pageview" | "$mp_web_page_view" | "mp_page_view" => Kind::Page,
        "$web_event" if inner.is_pageview() => Kind::Page,
        // `$mp_page_view` is how Mixpanel's SDKs for apps name a screen.
        "$screen" | "$mp_page_view" => Kind::Track,
        "$create_alias" => return Ok(Parsed::Filtered(None, FilteredReason::Alias)),
        other if other.starts_with('$') => {
            return Ok(Parsed::Filtered(None, FilteredReason::Autocapture))
        }
        _ => Kind::Track,
    };
    let mut draft = Draft::new(kind);
    if kind == Kind::Track {
        draft.name = Some(if sent_name.decoded().starts_with('$') {
            SCREEN_VIEW
        } else {
            sent_name
        });
    }
    draft.time = present(inner.time);
    draft.message_id =
        id(kind, "properties.$insert_id", inner.insert_id)?.or(event_id(kind, fields.metadata)?);
    let device_id = id(kind, "properties.$device_id", inner.device_id)?;
    let distinct_id = id(kind, "properties.distinct_id", inner.distinct_id)?;
    let mut user_id = id(kind, "properties.$user_id", inner.user_id)?;
    let anonymous_id = match kind {
        Kind::Identify => {
            user_id = user_id.or(id(kind, "properties.$identified_id", inner.identified_id)?);
            id(kind, "properties.$anon_distinct_id", inner.anon_distinct_id)?
        }
        _ => None,
    };
    draft.set_ids(device_id.or(anonymous_id), distinct_id, user_id);
    match kind {
        Kind::Identify => draft.traits = object(kind, "properties.$user_props", inner.user_props)?,
        Kind::Group => {
            draft.group_id = group_id("properties.$group_id", inner.group_id)?;
            draft.traits = object(kind, "properties.$group_props", inner.group_props)?;
        }
        Kind::Track | Kind::Page => {}
    }
    draft.surroundings.page = Page {
        url: inner.url.and_then(Value::text),
        title: inner.title.and_then(Value::text),
        path: inner.path.and_then(Value::text),
    };
    draft.surroundings.library = inner.library();
    draft.properties = Properties::of(properties, ReservedKeys::Mixpanel);
    draft.source = inner.token.and_then(Value::id);
    draft.integrations = integrations_of(inner.options);
    Ok(Parsed::Event(draft))
}

/// Reads one change to a profile: `/engage` is about a user, `/groups` about a group.
fn read_profile(update: Object<'_>, kind: Kind) -> Result<Parsed<'_>, Fault> {
    let fields = ProfileFields::of(update);
    let mut draft = Draft::new(kind);
    draft.traits =
        object(kind, "$set", fields.set)?.or(object(kind, "$set_once", fields.set_once)?);
    if draft.traits.is_none() {
        return if fields.operation.is_some() {
            Ok(Parsed::Filtered(
                Some(kind),
                FilteredReason::ProfileOperation,
            ))
        } else {
            Err(Fault::new(kind, "$set", Defect::Missing))
        };
    }
    draft.message_id = event_id(kind, fields.metadata)?;
    let device_id = id(kind, "$device_id", fields.device_id)?;
    let distinct_id = id(kind, "$distinct_id", fields.distinct_id)?;
    let user_id = id(kind, "$user_id", fields.user_id)?;
    draft.set_ids(device_id, distinct_id, user_id);
    if kind == Kind::Group {
        draft.group_id = group_id("$group_id", fields.group_id)?;
        draft.group_type = fields.group_key.and_then(Value::id);
    }
    draft.time = present(fields.time);
    draft.source = fields.token.and_then(Value::id);
    Ok(Parsed::Event(draft))
}

/// The id that Mixpanel's SDKs for apps give each event. Older ones give the time in seconds, so
/// without this id two equal events of one second would be one.
#[inline(never)]
fn event_id(kind: Kind, metadata: Option<Value<'_>>) -> Result<Option<Id<'_>>, Fault> {
    let metadata = metadata.and_then(Value::object);
    let event_id = metadata.and_then(|metadata| metadata.member("$mp_event_id"));
    id(kind, "$mp_metadata.$mp_event_id", event_id)
}

impl<'a> Inner<'a> {
    fn is_pageview(&self) -> bool {
        self.event_type
            .and_then(Value::text)
            .is_some_and(|event_type| event_type.is("pageview"))
    }

    /// Mixpanel's SDKs name themselves. freshpaint.js is known by keys that only a browser sends;
    /// the HTTP API says nothing.
    fn library(&self) -> Library<'a> {
        let version = self.lib_version.and_then(Value::text);
        if let Some(name) = self.mp_lib.and_then(Value::text) {
            return Library::Named(name, version);
        }
        match self.lib.and_then(Value::text) {
            Some(name) if name.is("web") => Library::Named(FRESHPAINT_JS, None),
            Some(name) => Library::Named(name, version),
            None if self.browser.or(self.title).or(self.path).is_some() => {
                Library::Named(FRESHPAINT_JS, None)
            }
            None => Library::Unknown,
        }
    }
}
