//! Splitting a document one level deep, with serde_json.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Text, Value};

/// Refuses what a visitor does not take. serde's own refusal says what was found, which is 40 KiB of code and tables for
/// writing numbers.
macro_rules! refuse {
    (scalars, $wanted:expr) => {
        refuse!(visit_bool(bool), $wanted);
        refuse!(visit_i64(i64), $wanted);
        refuse!(visit_u64(u64), $wanted);
        refuse!(visit_f64(f64), $wanted);
        refuse!(visit_str(&str), $wanted);

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Err(E::custom($wanted))
        }
    };
    (list, $wanted:expr) => {
        fn visit_seq<A: SeqAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(serde::de::Error::custom($wanted))
        }
    };
    (object, $wanted:expr) => {
        fn visit_map<A: MapAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(serde::de::Error::custom($wanted))
        }
    };
    ($visit:ident($type:ty), $wanted:expr) => {
        fn $visit<E: serde::de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(E::custom($wanted))
        }
    };
}

const OBJECT: &str = "not an object";
const LIST: &str = "not an array of events";
const SCALAR: &str = "neither an object nor an array";

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
    deserializer.deserialize_any(Members(visit))?;
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
    let found = deserializer.deserialize_any(MembersWithList {
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
        formatter.write_str(OBJECT)
    }

    refuse!(scalars, OBJECT);
    refuse!(list, OBJECT);

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
        formatter.write_str(OBJECT)
    }

    refuse!(scalars, OBJECT);
    refuse!(list, OBJECT);

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
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for &mut Elements<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(LIST)
    }

    refuse!(scalars, LIST);
    refuse!(object, LIST);

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

/// A value that is neither an object nor an array.
pub(super) enum Scalar<'a> {
    Null,
    Bool,
    Number(f64),
    String(Cow<'a, str>),
}

/// Reads a document that is one scalar; `None` when it is something else, or no JSON.
pub(super) fn scalar(document: &str) -> Option<Scalar<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    let scalar = deserializer.deserialize_any(ScalarVisitor).ok()?;
    deserializer.end().ok()?;
    Some(scalar)
}

struct ScalarVisitor;

impl<'a> Visitor<'a> for ScalarVisitor {
    type Value = Scalar<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SCALAR)
    }

    fn visit_unit<E>(self) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Bool)
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number as f64))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Scalar<'a>, E> {
        Ok(Scalar::String(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'a>, E> {
        Ok(Scalar::String(text.to_owned().into()))
    }

    refuse!(list, SCALAR);
    refuse!(object, SCALAR);
}

/// Checks that a document is JSON.
///
/// # Errors
///
/// When it is not.
pub fn check(document: &str) -> serde_json::Result<()> {
    serde_json::from_str::<IgnoredAny>(document).map(drop)
}
