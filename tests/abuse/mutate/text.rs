//! Changes to the JSON of a request.

use super::Mutator;

/// Values that nobody thought of.
const VALUES: &[&str] = &[
    "null",
    "-0",
    "1e400",
    "0.1e+1",
    "18446744073709551616",
    r#""""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\ud83d\ude00\/\"""#,
    "\"\u{202e}\u{fffd}\"",
    "[]",
    "{}",
    r#"{"":{"":[{}]}}"#,
    r#""9999-12-31T23:59:60.999999999+23:59""#,
    "-9223372036854775808",
    "true",
    r#""ada@example.com""#,
];
/// The pieces that JSON is made of, and what is close to them.
const TOKENS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u",
    b",",
    b":",
    b" ",
    b"\n",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"e",
    b"-",
    b"0",
    b"%",
    b"&data=",
];
/// Where SDKs put what an event is recognised by.
const IDS: &[&[u8]] = &[b"essageId\"", b"essage_id\"", b"insert_id\"", b"uuid\""];

impl Mutator<'_> {
    /// A place right after one of these bytes; the end of the text when there is none.
    fn place_after(&mut self, byte: u8, text: &[u8]) -> usize {
        let start = self.random.usize(..=text.len());
        let later = text[start..].iter().position(|found| *found == byte);
        let found = match later {
            Some(at) => Some(start + at),
            None => text.iter().position(|found| *found == byte),
        };
        found.map_or(text.len(), |at| at + 1)
    }

    fn range(&mut self, text: &[u8]) -> std::ops::Range<usize> {
        let start = self.random.usize(..=text.len());
        let most = (text.len() - start).min(1 << self.random.u32(..12));
        start..start + self.random.usize(..=most)
    }

    /// One small change.
    pub(super) fn change(&mut self, text: &mut Vec<u8>) {
        match self.random.u32(..9) {
            0 if !text.is_empty() => {
                let at = self.random.usize(..text.len());
                text[at] = self.random.u8(..);
            }
            1 if self.one_in(4) => text.truncate(self.random.usize(..=text.len())),
            2 => {
                let at = self.random.usize(..=text.len());
                let token = self.one_of(TOKENS);
                insert(text, at, token);
            }
            3 => drop(text.drain(self.range(text))),
            4 => {
                let piece = text[self.range(text)].to_vec();
                let at = self.random.usize(..=text.len());
                insert(text, at, &piece);
            }
            5 => {
                let other = &self.seed().text;
                let piece = &other[self.range(other)];
                let range = self.range(text);
                text.splice(range, piece.iter().copied());
            }
            // A member with a key that comes twice, of which the first counts for nothing.
            6 => {
                let at = self.place_after(b':', text);
                let value = self.one_of(VALUES);
                insert(text, at, format!(r#"{value},"k":"#).as_bytes());
            }
            7 => {
                let at = self.place_after(b'{', text);
                let value = self.one_of(VALUES);
                insert(text, at, format!(r#""properties":{value},"#).as_bytes());
            }
            _ => {
                let at = self.place_after(b'[', text);
                let value = self.one_of(VALUES);
                insert(text, at, format!("{value},").as_bytes());
            }
        }
    }

    /// To up to a little more than may be: small sizes are as likely as large ones.
    pub(super) fn grow(&mut self, text: &mut Vec<u8>) {
        let most = (1 << self.random.u32(10..21)) + 1_000;
        let size = self.random.usize(..=most);
        let size = size.saturating_sub(text.len()).max(1);
        match self.random.u32(..6) {
            0 => self.repeat_event(text, size),
            1 => {
                let at = self.place_after(b'{', text);
                let member = format!(r#""k":{},"#, self.one_of(VALUES));
                insert(text, at, &repeated(member.as_bytes(), size));
            }
            2 => {
                let at = self.place_after(b'[', text);
                let element = format!("{},", self.one_of(VALUES));
                insert(text, at, &repeated(element.as_bytes(), size));
            }
            3 => {
                let at = self.place_after(b'"', text);
                let piece = self.one_of(&["x", r"\u006b", r"\ud83d\ude00", "é", " ", r"\\"]);
                insert(text, at, &repeated(piece.as_bytes(), size));
            }
            4 => {
                let at = self.place_after(b'{', text);
                let depth = size / 6;
                let deep = [r#"{"a":"#.repeat(depth), "1".into(), "}".repeat(depth)].concat();
                insert(text, at, format!(r#""k":{deep},"#).as_bytes());
            }
            _ => {
                let at = self.random.usize(..=text.len());
                let piece = text[self.range(text)].to_vec();
                insert(text, at, &repeated(&piece, size));
            }
        }
    }

    /// A batch of the same event over and over.
    fn repeat_event(&mut self, text: &mut Vec<u8>, size: usize) {
        let start = text.iter().position(|byte| *byte == b'[');
        let start = start.map_or(0, |at| at + 1);
        let Some(event) = object_at(&text[start..]) else {
            return;
        };
        let event = [event, b","].concat();
        // `limits.max_events`, and one more.
        let events = repeated(&event, size.min(2_500 * event.len()));
        if start > 0 {
            return insert(text, start, &events);
        }
        *text = [b"[", &events[..], &text[..], b"]"].concat();
    }

    /// Events with ids that others had would be recognised and go nowhere.
    pub(super) fn renew_ids(&mut self, text: &mut [u8]) {
        let mut at = 0;
        while let Some(colon) = text[at..].iter().position(|byte| *byte == b':') {
            let key = &text[..at + colon];
            let is_id = IDS.iter().any(|id| key.ends_with(id));
            at += colon + 1;
            let value = text[at..].iter_mut().skip_while(|byte| **byte == b' ');
            // A string; the quote that ends it stays.
            let changed = value.skip(1).take(8).take_while(|_| is_id);
            for byte in changed.filter(|byte| byte.is_ascii_alphanumeric()) {
                *byte = self.random.alphanumeric() as u8;
            }
        }
    }
}

fn insert(text: &mut Vec<u8>, at: usize, piece: &[u8]) {
    text.splice(at..at, piece.iter().copied());
}

/// As often as it fits.
fn repeated(piece: &[u8], size: usize) -> Vec<u8> {
    piece.repeat(size / piece.len().max(1))
}

/// The object that the text begins with.
fn object_at(text: &[u8]) -> Option<&[u8]> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<serde_json::Value>();
    let value = values.next()?.ok()?;
    value.is_object().then(|| &text[..values.byte_offset()])
}
