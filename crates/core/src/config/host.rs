//! Internationalised host names (IDNA), as far as that needs no table of Unicode.

use std::borrow::Cow;

/// Turns the labels of an authority that are not ASCII into punycode, or answers `None`.
///
/// The whole of UTS #46 takes tables of 124 KiB. Without them only letters are taken that it maps to themselves once
/// they are in lower case, that never combine and that run from left to right; a name of other letters has to be
/// written in punycode.
pub(super) fn to_ascii(authority: &str) -> Option<Cow<'_, str>> {
    if authority.is_ascii() {
        return Some(authority.into());
    }
    let mut ascii = String::new();
    for part in authority.split_inclusive(['.', ':']) {
        let label = part.trim_end_matches(['.', ':']);
        let label: String = label.chars().flat_map(char::to_lowercase).collect();
        if label.is_ascii() {
            ascii.push_str(&label);
        } else if !label.starts_with("xn--")
            && label.chars().all(|c| c.is_ascii() || is_plain_letter(c))
        {
            ascii.push_str("xn--");
            ascii.push_str(&idna::punycode::encode_str(&label)?);
        } else {
            return None;
        }
        ascii.extend(part.chars().last().filter(|last| matches!(last, '.' | ':')));
    }
    Some(ascii.into())
}

const fn is_plain_letter(character: char) -> bool {
    matches!(character,
        // Latin, without the ligatures and the letters with an apostrophe or a middle dot
        '\u{df}'..='\u{f6}' | '\u{f8}'..='\u{131}' | '\u{135}'..='\u{138}' | '\u{13a}'..='\u{13e}'
        | '\u{142}'..='\u{148}' | '\u{14b}'..='\u{17e}'
        // Greek
        | '\u{3ac}'..='\u{3ce}'
        // Cyrillic
        | '\u{430}'..='\u{45f}'
        // Hiragana, Katakana
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        // Han, Hangul
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_plain_letters_become_punycode() {
        let cases = [
            ("example.com:8443", "example.com:8443"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("B\u{dc}CHER.example:8443", "xn--bcher-kva.example:8443"),
            (
                "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}:80",
                "xn--e1afmkfd.xn--p1ai:80",
            ),
            (
                "\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}",
                "xn--r8jz45g.xn--zckzah",
            ),
            (
                "\u{3c0}\u{3b1}\u{3c1}\u{3ac}\u{3b4}\u{3b5}\u{3b9}\u{3b3}\u{3bc}\u{3b1}.example.",
                "xn--hxajbheg2az3al.example.",
            ),
            ("\u{d55c}\u{ad6d}.example", "xn--3e0b707e.example"),
            ("\u{212a}elvin.example", "kelvin.example"),
        ];
        for (name, ascii) in cases {
            assert_eq!(to_ascii(name).as_deref(), Some(ascii), "{name}");
        }
    }

    #[test]
    fn names_that_would_need_the_tables_are_left() {
        let names = [
            "bu\u{308}cher.example",
            "\u{ff45}xample.com",
            "example\u{3002}com",
            "\u{fb01}.example",
            "\u{5d0}.example",
            "\u{130}.example",
            "\u{1f600}.example",
            "xn--\u{fc}.example",
        ];
        for name in names {
            assert_eq!(to_ascii(name), None, "{name}");
        }
    }
}
