//! Which webhook of a newer configuration is one of the older configuration.

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
    let same_url = now.iter().enumerate();
    let same_url = same_url.filter(|(_, known)| has_url_of(known, webhook));
    // Two may have the same url.
    let nearest = same_url.min_by_key(|(at, _)| at.abs_diff(index));
    let is_new = |at: &usize| {
        let in_its_place = now.get(*at);
        in_its_place.is_some_and(|now| !then.iter().any(|then| has_url_of(now, then)))
    };
    let nearest = nearest.map(|(at, _)| at);
    nearest.or_else(|| same_name.filter(is_new))
}

#[inline(never)]
fn has_url_of(one: &Webhook, other: &Webhook) -> bool {
    one.scheme == other.scheme && one.authority == other.authority && one.path == other.path
}
