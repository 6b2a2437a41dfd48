//! Finds a webhook of the older configuration in a newer one.

use crate::config::Webhook;

/// The place in `now` of the webhook that is the one at `index` of `then`.
///
/// It has the same name. A name that nobody has written says the webhook's place alone, which
/// changes when another webhook is taken out. So such a webhook is the one with the same url, or,
/// where its url has changed, the one in its place.
// One copy of it in the module is enough.
#[inline(never)]
pub(crate) fn find(then: &[Webhook], index: usize, now: &[Webhook]) -> Option<usize> {
    let webhook = then.get(index)?;
    let same_name = now.iter().position(|known| known.name == webhook.name);
    if webhook.name != format!("webhook_{index}") {
        return same_name;
    }
    let has_url = |at: &usize| now.get(*at).is_some_and(|now| has_url_of(now, webhook));
    let is_new = |at: &usize| {
        let in_its_place = now.get(*at);
        in_its_place.is_some_and(|now| !then.iter().any(|then| has_url_of(now, then)))
    };
    // Two may have the same url.
    let same_url = Some(index).filter(has_url);
    same_url
        .or_else(|| (0..now.len()).find(has_url))
        .or_else(|| same_name.filter(is_new))
}

/// Whether their urls differ in `http` and `https` at most.
fn has_url_of(one: &Webhook, other: &Webhook) -> bool {
    one.authority == other.authority && one.path == other.path
}
