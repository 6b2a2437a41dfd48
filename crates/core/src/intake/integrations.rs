//! The customer's own routing of one event to destinations.

use crate::json::Value;

/// Do `integrations` leave the destination called `name` out?
///
/// They do when they have `false` under that name, in any case, or when `All` is `false` and they
/// do not have the name. A value that is not an object is ignored. `integrations` are in the order
/// batch, event; a later one wins key by key.
pub(super) fn exclude(integrations: [Option<Value<'_>>; 2], name: &str) -> bool {
    let mut all = true;
    let mut named = None;
    for integrations in integrations.into_iter().flatten().filter_map(Value::object) {
        integrations.members(|key, value| {
            let wanted = value.get() != "false" && !value.is_null();
            let key = key.decoded();
            if key.eq_ignore_ascii_case(name) {
                named = Some(wanted);
            } else if key.eq_ignore_ascii_case("all") {
                all = wanted;
            }
        });
    }
    !named.unwrap_or(all)
}
