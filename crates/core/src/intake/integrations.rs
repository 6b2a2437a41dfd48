//! The customer's own routing of events to destinations.

use crate::json::Value;

/// What a client's `integrations` say of this destination.
///
/// They leave it out when they have `false` under its name, in any case, or when `All` is `false`
/// and they do not have the name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    all: bool,
    named: Option<bool>,
}

impl Default for Choice {
    /// Nothing is said.
    fn default() -> Self {
        Self {
            all: true,
            named: None,
        }
    }
}

impl Choice {
    /// This choice and then these `integrations`, which win key by key. The destination is called
    /// `name`. A value that is not an object is ignored.
    pub(super) fn then(mut self, integrations: Option<Value<'_>>, name: &str) -> Self {
        if let Some(integrations) = integrations.and_then(Value::object) {
            integrations.members(|key, value| {
                let wanted = value.get() != "false" && !value.is_null();
                let key = key.decoded();
                if key.eq_ignore_ascii_case(name) {
                    self.named = Some(wanted);
                } else if key.eq_ignore_ascii_case("all") {
                    self.all = wanted;
                }
            });
        }
        self
    }

    /// Whether this destination is left out.
    pub(super) fn excludes(self) -> bool {
        !self.named.unwrap_or(self.all)
    }
}
