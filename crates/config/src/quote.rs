//! The words of problems: what was written, as a message may show it.

/// Text of a configuration as a message may show it: quoted, on one line, and cut when long.
pub(super) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    let mut line = String::from('"');
    for (at, character) in text.chars().enumerate() {
        if at == MAX_CHARS {
            line.push_str("...");
            break;
        }
        line.extend(character.escape_debug());
    }
    line.push('"');
    line
}

/// `"a", "b", "c"`, for a message that lists what may be written.
pub(super) fn listed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.map(shown).collect::<Vec<_>>().join(", ")
}

/// The path of `key` inside the object at `parent`.
pub(super) fn member(parent: &str, key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if key.is_empty() || !key.bytes().all(plain) {
        format!("{parent}[{}]", shown(key))
    } else if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}
