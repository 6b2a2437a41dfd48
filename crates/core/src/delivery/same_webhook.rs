//! Finds a webhook of the older configuration in a newer one.

use crate::config::Webhook;

/// The place in `now` of the webhook that is the one at `index` of `then`.
///
/// A webhook that is renamed is the only new one with its url, if no other one with that url is
/// gone. Where one without a name has another url, it is the one in its place.
// One copy of it in the module is enough.
#[inline(never)]
pub(crate) fn find(then: &[Webhook], index: usize, now: &[Webhook]) -> Option<usize> {
    let renamed = || {
        let webhook = then.get(index)?;
        only_there(webhook, then, now)?;
        only_there(webhook, now, then)
    };
    let is_new = || {
        let webhook = then.get(index)?;
        let in_its_place = now.get(index)?;
        let has_its_url = |then: &Webhook| has_url_of(in_its_place, then);
        let is_new = in_its_place.name == webhook.name && !then.iter().any(has_its_url);
        is_new.then_some(index)
    };
    find_certain(then, index, now)
        .or_else(renamed)
        .or_else(is_new)
}

/// The same, and certainly that webhook.
///
/// It has the same name. A name that nobody has written says the webhook's place alone, which
/// changes when another webhook is taken out. So such a webhook is the one with the same url.
#[inline(never)]
pub(crate) fn find_certain(then: &[Webhook], index: usize, now: &[Webhook]) -> Option<usize> {
    let webhook = then.get(index)?;
    if webhook.name != format!("webhook_{index}") {
        return now.iter().position(|known| known.name == webhook.name);
    }
    let has_url = |at: &usize| now.get(*at).is_some_and(|now| has_url_of(now, webhook));
    // Two may have the same url.
    let same_url = Some(index).filter(has_url);
    same_url.or_else(|| (0..now.len()).find(has_url))
}

/// The place of the only one of `these` that has this url and a name that none of `others` has.
// One copy of it in the module is enough.
#[inline(never)]
fn only_there(webhook: &Webhook, these: &[Webhook], others: &[Webhook]) -> Option<usize> {
    let is_there = |one: &Webhook| others.iter().any(|other| other.name == one.name);
    let mut places = (0..these.len()).filter(|at| {
        these
            .get(*at)
            .is_some_and(|one| has_url_of(one, webhook) && !is_there(one))
    });
    let only = places.next()?;
    places.next().is_none().then_some(only)
}

/// Whether their urls differ in `http` and `https` at most.
fn has_url_of(one: &Webhook, other: &Webhook) -> bool {
    one.authority == other.authority && one.path == other.path
}
