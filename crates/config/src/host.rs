//! Internationalised host names (IDNA), as far as that needs no table of Unicode.

use std::borrow::Cow;

/// Turns the labels of an authority that are not ASCII into punycode, or answers `None`.
///
/// The whole of UTS #46 takes tables of 124 KiB. Without them only letters are taken that it maps to themselves once
/// they are in lower case, that never combine and that run from left to right; a name of other letters has to be
/// written in punycode.
pub(super) fn to_ascii(authority: &str) -> Option<Cow<'_, str>> {
    if authority.is_ascii() {
        // In lower case for the debug build of `idna_adapter` 1.0, which panics on what it should have been given so.
        return Some(authority.to_ascii_lowercase().into());
    }
    let mut ascii = String::new();
    for part in authority.split_inclusive(['.', ':']) {
        let label = part.trim_end_matches(['.', ':']);
        let label: String = label.chars().map(lowercase).collect();
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

/// The lower case of what [`is_plain_letter`] takes in lower case; anything else stays. The table of all of Unicode takes 15 KiB.
const fn lowercase(character: char) -> char {
    let code = character as u32;
    let lower = match code {
        0x41..=0x5a | 0xc0..=0xd6 | 0xd8..=0xde => code + 0x20,
        // Pairs, of which the capital comes first: at an even number, then at an odd one, and so on
        0x100..=0x12f | 0x132..=0x137 | 0x14a..=0x177 => code | 1,
        0x139..=0x148 | 0x179..=0x17e => code + (code & 1),
        0x178 => 0xff,
        // Greek
        0x386 => 0x3ac,
        0x388..=0x38a => code + 0x25,
        0x38c => 0x3cc,
        0x38e | 0x38f => code + 0x3f,
        0x391..=0x3a1 | 0x3a3..=0x3ab => code + 0x20,
        // Cyrillic
        0x400..=0x40f => code + 0x50,
        0x410..=0x42f => code + 0x20,
        _ => return character,
    };
    match char::from_u32(lower) {
        Some(lower) => lower,
        None => character,
    }
}

const fn is_plain_letter(character: char) -> bool {
    matches!(character,
        // Latin, without the ligatures and the letters with an apostrophe or a middle dot
        '\u{df}'..='\u{f6}' | '\u{f8}'..='\u{12f}' | '\u{131}' | '\u{135}'..='\u{138}' | '\u{13a}'..='\u{13e}'
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
            "\u{212a}elvin.example",
        ];
        for name in names {
            assert_eq!(to_ascii(name), None, "{name}");
        }
    }

    #[test]
    fn lower_case_is_that_of_unicode() {
        for character in '\0'..=char::MAX {
            let lower = lowercase(character);
            assert!(
                lower == character || character.to_lowercase().eq([lower]),
                "{character:?}"
            );
            let mut capitals = character.to_uppercase();
            if let (Some(capital), None) = (capitals.next(), capitals.next()) {
                let is_pair = capital.to_lowercase().eq([character]);
                if is_pair && is_plain_letter(character) {
                    assert_eq!(lowercase(capital), character, "{capital:?}");
                }
            }
        }
    }
}
