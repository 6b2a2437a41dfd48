//! Host names outside ASCII: written in their `xn--` form, because Unicode's tables would be 124
//! KiB of the module.

/// The remedy for a host that is not ASCII.
pub(super) const WANTED: &str =
    "its xn-- form, such as xn--bcher-kva.example for b\u{fc}cher.example";

/// The authority in lower case; `None` when it is not ASCII.
///
/// It is in lower case because the debug build of `idna_adapter` 1.0 panics on capitals.
pub(super) fn in_ascii(authority: &str) -> Option<String> {
    authority.is_ascii().then(|| authority.to_ascii_lowercase())
}
