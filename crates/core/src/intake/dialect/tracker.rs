//! Freshpaint's HTTP API and freshpaint.js, and Mixpanel, whose line freshpaint.js comes from: `{event, properties}`, where the SDK's
//! own keys and the customer's share `properties`.

use super::{id, name, object, present, Draft, Said, SCREEN_VIEW};
use crate::event::{Kind, Library, Own, Page, Properties};
use crate::intake::invalid::{Fault, Problem};
use crate::intake::FilteredReason;
use crate::json::{Id, Object, Text, Value};

/// What freshpaint.js calls itself in the contract's examples; on the wire it is `web`.
const FRESHPAINT_JS: Text<'static> = Text::of_json("\"freshpaint.js\"");

/// The SDK's keys among the properties.
#[derive(Default)]
struct Fields<'a> {
    time: Option<Value<'a>>,
    insert_id: Option<Value<'a>>,
    distinct_id: Option<Value<'a>>,
    device_id: Option<Value<'a>>,
    user_id: Option<Value<'a>>,
    group_id: Option<Value<'a>>,
    user_props: Option<Value<'a>>,
    group_props: Option<Value<'a>>,
    event_type: Option<Value<'a>>,
    options: Option<Value<'a>>,
    token: Option<Value<'a>>,
    url: Option<Value<'a>>,
    title: Option<Value<'a>>,
    path: Option<Value<'a>>,
    browser: Option<Value<'a>>,
    lib: Option<Value<'a>>,
    mp_lib: Option<Value<'a>>,
    lib_version: Option<Value<'a>>,
}

pub(super) fn read(event: Object<'_>) -> Result<Said<'_>, Fault> {
    let (mut sent_name, mut properties) = (None, None);
    event.members(|key, value| match &*key.decoded() {
        "event" => sent_name = Some(value),
        "properties" => properties = Some(value),
        _ => {}
    });
    let sent_name = name(None, "event", sent_name)?;
    let properties = object(Kind::Track, "properties", properties)?;
    let fields = Fields::of(properties);
    let kind = match &*sent_name.decoded() {
        "$identify" => Kind::Identify,
        "$group" => Kind::Group,
        // `$mp_web_page_view` is Mixpanel's pageview, collected on its own as well.
        "$page" | "$pageview" | "$mp_web_page_view" => Kind::Page,
        "$web_event" if fields.is_pageview() => Kind::Page,
        "$screen" => Kind::Track,
        "$create_alias" => return Ok(Said::Filtered(None, FilteredReason::Alias)),
        other if other.starts_with('$') => {
            return Ok(Said::Filtered(None, FilteredReason::Autocapture))
        }
        _ => Kind::Track,
    };
    let mut draft = Draft::new(kind);
    if kind == Kind::Track {
        draft.name = Some(if sent_name.is("$screen") {
            SCREEN_VIEW
        } else {
            sent_name
        });
    }
    draft.time = present(fields.time);
    draft.message_id = id(kind, "properties.$insert_id", fields.insert_id)?;
    let device_id = id(kind, "properties.$device_id", fields.device_id)?;
    let distinct_id = id(kind, "properties.distinct_id", fields.distinct_id)?;
    draft.anonymous_id = device_id.or(distinct_id);
    draft.user_id = id(kind, "properties.$user_id", fields.user_id)?
        .or_else(|| distinct_id.filter(|distinct| !is_device(*distinct, device_id)));
    match kind {
        Kind::Identify => draft.traits = object(kind, "properties.$user_props", fields.user_props)?,
        Kind::Group => {
            let group_id = id(kind, "properties.$group_id", fields.group_id)?;
            draft.group_id = Some(
                group_id
                    .ok_or_else(|| Fault::new(kind, "properties.$group_id", Problem::Missing))?,
            );
            draft.traits = object(kind, "properties.$group_props", fields.group_props)?;
        }
        Kind::Track | Kind::Page => {}
    }
    draft.page = Page {
        url: fields.url.and_then(Value::text),
        title: fields.title.and_then(Value::text),
        path: fields.path.and_then(Value::text),
    };
    draft.library = fields.library();
    draft.properties = Properties::of(properties, Own::Tracker);
    draft.source = fields.token.and_then(Value::id);
    draft.integrations = fields
        .options
        .and_then(Value::object)
        .and_then(|options| options.member("integrations"));
    Ok(Said::Event(draft))
}

/// Until somebody is identified, the device stands for the user: as it is, or marked so by Mixpanel.
pub(super) fn is_device(distinct_id: Id<'_>, device_id: Option<Id<'_>>) -> bool {
    device_id.is_some_and(|device_id| device_id.same_as(distinct_id))
        || distinct_id.decoded().starts_with("$device:")
}

impl<'a> Fields<'a> {
    fn of(properties: Option<Object<'a>>) -> Self {
        let mut fields = Self::default();
        let Some(properties) = properties else {
            return fields;
        };
        properties.members(|key, value| {
            let field = match &*key.decoded() {
                "time" => &mut fields.time,
                "$insert_id" => &mut fields.insert_id,
                "distinct_id" => &mut fields.distinct_id,
                "$device_id" => &mut fields.device_id,
                "$user_id" => &mut fields.user_id,
                "$group_id" => &mut fields.group_id,
                "$user_props" => &mut fields.user_props,
                "$group_props" => &mut fields.group_props,
                "$event_type" => &mut fields.event_type,
                "$options" => &mut fields.options,
                "token" => &mut fields.token,
                "$current_url" => &mut fields.url,
                "$title" => &mut fields.title,
                "$pathname" => &mut fields.path,
                "$browser" => &mut fields.browser,
                "$lib" => &mut fields.lib,
                "mp_lib" => &mut fields.mp_lib,
                "$lib_version" => &mut fields.lib_version,
                _ => return,
            };
            *field = Some(value);
        });
        fields
    }

    fn is_pageview(&self) -> bool {
        self.event_type
            .and_then(Value::text)
            .is_some_and(|event_type| event_type.is("pageview"))
    }

    /// Mixpanel's SDKs name themselves. freshpaint.js is known by what only a browser sends; the HTTP API says nothing.
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
