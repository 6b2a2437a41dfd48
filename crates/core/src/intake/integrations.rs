//! The customer's own routing of one event to destinations.

use crate::json::Value;

/// Do `integrations` leave the destination called `name` out?
///
/// They do when it is `false` there, or when `All` is `false` and it is not named. Anything that is not an object says nothing.
pub(super) fn exclude(integrations: Option<Value<'_>>, name: &str) -> bool {
    let Some(integrations) = integrations.and_then(Value::object) else {
        return false;
    };
    let mut all = true;
    let mut named = None;
    integrations.members(|key, value| {
        let wanted = value.get() != "false" && !value.is_null();
        if key.is(name) {
            named = Some(wanted);
        } else if key.is("All") || key.is("all") {
            all = wanted;
        }
    });
    !named.unwrap_or(all)
}
