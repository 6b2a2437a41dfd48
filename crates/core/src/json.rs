//! Looking into JSON without building it: every value stays the bytes the SDK sent.
//!
//! serde_json checks the syntax once and splits one level at a time into borrowed [`RawValue`]s, without recursion, so that depth
//! costs nothing. Numbers, escapes, key order and duplicate keys are never interpreted and so never changed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The text of one JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

/// The text of a JSON object, braces included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a>(&'a str);

/// The text of a JSON string, quotes and escapes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

/// The text of a JSON string or number: what SDKs use for ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<'a>(&'a str);

impl<'a> Value<'a> {
    fn of(raw: &'a RawValue) -> Self {
        Self(raw.get())
    }

    /// A document whose syntax has been checked, without whitespace around it.
    #[must_use]
    pub fn of_checked(document: &'a str) -> Self {
        Self(document)
    }

    /// The value as it was sent.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0
    }

    /// `null`: what SDKs send for "none".
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value, if it is an object.
    #[must_use]
    pub fn object(self) -> Option<Object<'a>> {
        self.0.starts_with('{').then_some(Object(self.0))
    }

    /// The value, if it is a string.
    #[must_use]
    pub fn text(self) -> Option<Text<'a>> {
        self.0.starts_with('"').then_some(Text(self.0))
    }

    /// The value, if it is a string or a number.
    #[must_use]
    pub fn id(self) -> Option<Id<'a>> {
        (self.0.starts_with('"') || self.is_number()).then_some(Id(self.0))
    }

    /// The value, if it is a number; one beyond `f64` is infinite.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        self.is_number().then(|| self.0.parse().ok()).flatten()
    }

    fn is_number(self) -> bool {
        self.0
            .starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }
}

impl<'a> Object<'a> {
    /// The object as it was sent.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0
    }

    /// Gives each member in order, key and value; duplicate keys come as often as they are there.
    pub fn members(self, mut visit: impl FnMut(Text<'a>, Value<'a>)) {
        // The text came out of a document whose syntax has been checked.
        let _ = members(self.0, &mut visit);
    }

    /// The last value under `key`, as `JSON.parse` has it.
    #[must_use]
    pub fn member(self, key: &str) -> Option<Value<'a>> {
        let mut found = None;
        self.members(|name, value| {
            if name.is(key) {
                found = Some(value);
            }
        });
        found
    }
}

impl<'a> Text<'a> {
    /// A string of our own; `json` is its JSON text, quotes included.
    #[must_use]
    pub const fn of_json(json: &'static str) -> Text<'static> {
        Text(json)
    }

    /// The string as it was sent, quotes and escapes included.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0
    }

    /// Between the quotes, still escaped.
    #[must_use]
    pub fn escaped(self) -> &'a str {
        unquoted(self.0)
    }

    /// The string that is meant. One with a lone surrogate means no string: it is left escaped.
    #[must_use]
    pub fn decoded(self) -> Cow<'a, str> {
        let escaped = self.escaped();
        if escaped.contains('\\') {
            serde_json::from_str::<String>(self.0).map_or(Cow::Borrowed(escaped), Cow::Owned)
        } else {
            Cow::Borrowed(escaped)
        }
    }

    /// Is it this string, however it is escaped?
    #[must_use]
    pub fn is(self, other: &str) -> bool {
        self.decoded() == other
    }

    /// The empty string.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.escaped().is_empty()
    }
}

impl<'a> Id<'a> {
    /// An id that is not from JSON and needs no escapes in it.
    #[must_use]
    pub fn of_escaped(id: &'a str) -> Self {
        Self(id)
    }

    /// The id between its quotes, still escaped; a number as it was written.
    #[must_use]
    pub fn escaped(self) -> &'a str {
        unquoted(self.0)
    }

    /// The empty string.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.escaped().is_empty()
    }

    /// The id that is meant.
    #[must_use]
    pub fn decoded(self) -> Cow<'a, str> {
        Value(self.0)
            .text()
            .map_or(Cow::Borrowed(self.0), Text::decoded)
    }

    /// Do both mean the same id, however they are written?
    #[must_use]
    pub fn same_as(self, other: Self) -> bool {
        self.0 == other.0 || self.decoded() == other.decoded()
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// Splits a document that is one object, giving each member in order.
///
/// # Errors
///
/// When the document is not JSON, or not an object; members may have been given by then.
pub fn members<'a>(
    document: &'a str,
    visit: &mut dyn FnMut(Text<'a>, Value<'a>),
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    deserializer.deserialize_map(Members(visit))?;
    deserializer.end()
}

/// Splits a document that is one object, giving each member in order, but for the elements of the array under `key`, which go
/// to `list`; the last such key wins. Says whether there was one.
///
/// # Errors
///
/// When the document is not JSON or not an object, when what is under `key` is not an array, or when it has more than `most`
/// elements: then `list` has one more than that.
pub fn members_with_list<'a>(
    document: &'a str,
    key: &str,
    most: usize,
    list: &mut Vec<Value<'a>>,
    visit: impl FnMut(Text<'a>, Value<'a>),
) -> serde_json::Result<bool> {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    let found = deserializer.deserialize_map(MembersWithList {
        key,
        elements: Elements { most, list },
        visit,
    })?;
    deserializer.end()?;
    Ok(found)
}

/// Splits a document that is one array.
///
/// # Errors
///
/// When the document is not JSON or not an array, or when it has more than `most` elements: then `list` has one more than that.
pub fn elements<'a>(
    document: &'a str,
    most: usize,
    list: &mut Vec<Value<'a>>,
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    (&mut Elements { most, list }).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// What takes the members; behind a pointer, so that the code that splits an object is there once and not once per dialect.
type Visit<'f, 'a> = &'f mut dyn FnMut(Text<'a>, Value<'a>);

struct Members<'f, 'a>(Visit<'f, 'a>);

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&'a RawValue, &'a RawValue>()? {
            (self.0)(Text(key.get()), Value::of(value));
        }
        Ok(())
    }
}

struct MembersWithList<'l, 'a, F> {
    key: &'l str,
    elements: Elements<'l, 'a>,
    visit: F,
}

impl<'a, F: FnMut(Text<'a>, Value<'a>)> Visitor<'a> for MembersWithList<'_, 'a, F> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<&'a RawValue>()? {
            let key = Text(key.get());
            if key.is(self.key) {
                found = true;
                self.elements.list.clear();
                map.next_value_seed(&mut self.elements)?;
            } else {
                (self.visit)(key, Value::of(map.next_value()?));
            }
        }
        Ok(found)
    }
}

struct Elements<'l, 'a> {
    most: usize,
    list: &'l mut Vec<Value<'a>>,
}

impl<'a> DeserializeSeed<'a> for &mut Elements<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for &mut Elements<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(element) = sequence.next_element::<&'a RawValue>()? {
            self.list.push(Value::of(element));
            if self.list.len() > self.most {
                return Err(serde::de::Error::custom("too many events"));
            }
        }
        Ok(())
    }
}

/// Checks that a document is JSON.
///
/// # Errors
///
/// When it is not.
pub fn check(document: &str) -> serde_json::Result<()> {
    serde_json::from_str::<IgnoredAny>(document).map(drop)
}
