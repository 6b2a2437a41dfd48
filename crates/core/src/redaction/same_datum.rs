//! One datum in several places: a rule on it holds in each of them.
//!
//! Paths name places, but a rule that denies `context.page.url` means the url of the page, and a
//! page event has it in `properties`. Likewise for the user's id, which SDKs and customers repeat,
//! and for traits, of which Mixpanel writes some with a `$`: `$email`.

use std::borrow::Cow;

use super::{step, Live, Rule};
use crate::json::{Id, Object, Value};
use crate::work::{self, Work};

/// The rules of a redaction for data that stand in other places of this payload too.
pub(super) struct SameDatum<'r, 'p> {
    /// For `context.page`.
    page: Live<'r>,
    /// For `userId`, without those that allow it.
    user_id: Live<'r>,
    /// For members of `traits`.
    traits: Live<'r>,
    /// The user's id, where there is a rule for it. It is decoded once, because thousands of
    /// members may have to be compared with it.
    user: Option<Cow<'p, str>>,
    /// The event is a pageview: its properties hold the page.
    is_page: bool,
    /// The traits of an identify event, where there are rules for some. SDKs repeat them among the
    /// properties: PostHog's for Ruby all of them.
    identified: Option<Object<'p>>,
}

impl<'r, 'p> SameDatum<'r, 'p> {
    pub(super) fn of(live: &Live<'r>, payload: Option<Object<'p>>, work: &Work) -> Self {
        let mut user_id = step(live, Some("userId"), work);
        user_id.retain(|(_, rule)| !matches!(rule, Rule::Allow(_)));
        let context = step(live, Some("context"), work);
        let mut found = Self {
            page: step(&context, Some("page"), work),
            user_id,
            traits: step(live, Some("traits"), work),
            user: None,
            is_page: false,
            identified: None,
        };
        let mut is_identify = false;
        if let Some(payload) = payload.filter(|_| !found.is_empty_in("traits")) {
            payload.members(|key, value| match key.escaped() {
                "userId" => found.user = value.id().map(Id::decoded),
                "type" => {
                    found.is_page = value.get() == "\"page\"";
                    is_identify = value.get() == "\"identify\"";
                }
                "traits" if is_identify && !found.traits.is_empty() => {
                    found.identified = value.object();
                }
                _ => {}
            });
        }
        found
    }

    fn is_empty_in(&self, container: &str) -> bool {
        let has_traits = match container {
            "traits" => !self.traits.is_empty(),
            "properties" => self.identified.is_some(),
            _ => false,
        };
        self.page.is_empty() && self.user_id.is_empty() && !has_traits
    }

    /// Whether a member of this container holds a datum that another place has a rule for.
    pub(super) fn concerns(&self, container: &str, object: Object<'_>, work: &Work) -> bool {
        let mut added = Live::new();
        if !self.is_empty_in(container) {
            work.spend_each(work::SCANNED_BYTE, object.get().len());
            // The traits are looked through for each property, here and when it is written.
            let traits = self.identified.filter(|_| container == "properties");
            let scanned = 2 * traits.map_or(0, |traits| traits.get().len()) as u64;
            object.members(|key, value| {
                if work.is_over() {
                    return;
                }
                work.spend(work::VALUE + scanned * work::SCANNED_BYTE);
                self.add_to_member(container, &key.decoded(), value, &mut added);
            });
        }
        !added.is_empty()
    }

    /// Adds the rules for a member of the payload itself: an `anonymousId` that is the user's id.
    pub(super) fn add_to_id(&self, key: &str, value: Value<'_>, next: &mut Live<'r>) {
        if key == "anonymousId" && self.is_user(value) {
            next.extend(self.user_id.iter().copied());
        }
    }

    /// Adds the rules for a member of `properties` or `traits`.
    pub(super) fn add_to_member(
        &self,
        container: &str,
        key: &str,
        value: Value<'_>,
        next: &mut Live<'r>,
    ) {
        if container == "context" {
            return;
        }
        if is_user_key(key) && self.is_user(value) {
            next.extend(self.user_id.iter().copied());
        }
        let is_traits = container == "traits";
        if let Some(key) = key.strip_prefix('$').filter(|_| is_traits) {
            add_rules(&self.traits, key, is_traits, next);
        }
        let traits = self.identified.filter(|_| !is_traits);
        if traits.is_some_and(|traits| traits.member(key) == Some(value)) {
            add_rules(&self.traits, key, true, next);
        }
        // A trait without the `$` of the SDKs is the customer's: `title` is that of a job.
        if (is_traits && key.starts_with('$')) || (self.is_page && container == "properties") {
            for page_key in page_keys(key) {
                // A rule that allows a part of a page does not allow the trait of that name.
                add_rules(&self.page, page_key, is_traits, next);
            }
        }
    }

    fn is_user(&self, value: Value<'_>) -> bool {
        let (Some(user), Some(id)) = (&self.user, value.id()) else {
            return false;
        };
        *user == id.decoded()
    }
}

/// Adds the rules that lead to this key, or that are for all keys.
#[inline(never)]
fn add_rules<'r>(rules: &Live<'r>, key: &str, is_traits: bool, next: &mut Live<'r>) {
    for (rest, rule) in rules {
        if is_traits && matches!(rule, Rule::Allow(_)) {
            continue;
        }
        match rest.split_first() {
            // The rule is for the whole page.
            None => next.push((rest, *rule)),
            Some((first, rest)) if first.matches(Some(key)) => next.push((rest, *rule)),
            Some(_) => {}
        }
    }
}

/// Keys under which SDKs repeat the user's id, and customers put it.
fn is_user_key(key: &str) -> bool {
    let key = key.strip_prefix('$').unwrap_or(key);
    matches!(
        key,
        "id" | "userId"
            | "user_id"
            | "distinct_id"
            | "anonymousId"
            | "anonymous_id"
            | "email"
            | "username"
    )
}

/// The keys of `context.page` whose datum, or a part of it, stands under this key: as Segment,
/// RudderStack and Mixpanel name it on pageviews, or PostHog and Mixpanel among traits.
fn page_keys(key: &str) -> &'static [&'static str] {
    match key.strip_prefix('$').unwrap_or(key) {
        "url"
        | "tab_url"
        | "current_url"
        | "initial_current_url"
        | "session_entry_url"
        | "mp_page" => &["url"],
        // The query is a part of the url.
        "search" | "current_url_search" => &["url", "search"],
        "title" | "current_page_title" => &["title"],
        "path"
        | "pathname"
        | "current_url_path"
        | "initial_pathname"
        | "session_entry_pathname" => &["path"],
        "referrer" | "initial_referrer" | "session_entry_referrer" | "mp_referrer" => &["referrer"],
        _ => &[],
    }
}
