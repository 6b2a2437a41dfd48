//! The wishes of a person for the use of their data: signals of their browser, and the categories
//! that a consent manager asked for.
//!
//! All of it fails closed: a text that cannot be read is no consent.

use std::fmt;

use crate::json::{Object, Value};

/// Signals by which a browser opts its user out, in the headers of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptOut {
    /// `Sec-GPC: 1`, Global Privacy Control.
    pub gpc: bool,
    /// `DNT: 1`, Tracking Preference Expression.
    pub dnt: bool,
}

impl OptOut {
    /// Reads the signals that `honored` names; the others are not looked for. `header` gives the
    /// value of a header.
    pub fn read(honored: Self, header: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        Self {
            gpc: honored.gpc && header("sec-gpc").is_some_and(|value| is_set(&value)),
            dnt: honored.dnt && header("dnt").is_some_and(|value| is_set(&value)),
        }
    }

    /// The signals of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            gpc: self.gpc || other.gpc,
            dnt: self.dnt || other.dnt,
        }
    }
}

/// One value of `1` among several is enough. Characters after the digit of `DNT` are an extension.
fn is_set(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|one| one.trim_ascii().starts_with(b"1"))
}

/// Segment's `context.consent`, as it was sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent<'a>(Option<Object<'a>>);

impl<'a> Consent<'a> {
    /// Takes the value of `context.consent`; anything but an object with `categoryPreferences`
    /// grants nothing.
    #[must_use]
    pub fn of(consent: Option<Value<'a>>) -> Self {
        let consent = consent.and_then(Value::object);
        let preferences = consent.and_then(|consent| consent.member("categoryPreferences"));
        Self(preferences.and_then(Value::object))
    }

    /// The text that is looked through for a category.
    pub(crate) fn text(self) -> &'a str {
        self.0.map_or("", Object::get)
    }

    /// Whether this category was granted; one that is there twice has to be granted twice.
    #[must_use]
    pub fn grants(self, category: &str) -> bool {
        let (mut granted, mut denied) = (false, false);
        if let Some(preferences) = self.0 {
            preferences.members(|key, value| {
                if key.is(category) {
                    let is_true = value.get() == "true";
                    granted |= is_true;
                    denied |= !is_true;
                }
            });
        }
        granted && !denied
    }
}

impl fmt::Debug for Consent<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Consent" } else { "None" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_a_one() {
        let cases: [(&[u8], bool); 12] = [
            (b"1", true),
            (b" 1\t", true),
            (b"1,1", true),
            (b"0, 1", true),
            (b"1xyz", true),
            (b"0", false),
            (b"0,0", false),
            (b"", false),
            (b"true", false),
            (b"-1", false),
            (b"\xff1", false),
            (b"null", false),
        ];
        for (value, set) in cases {
            let all = OptOut {
                gpc: true,
                dnt: true,
            };
            let read = |honored, only: &str| {
                OptOut::read(honored, |name| (name == only).then(|| value.to_vec()))
            };
            let none = OptOut::default();
            assert_eq!(read(all, "sec-gpc"), OptOut { gpc: set, ..none });
            assert_eq!(read(all, "dnt"), OptOut { dnt: set, ..none });
            assert_eq!(read(none, "dnt"), none);
        }
    }
}
