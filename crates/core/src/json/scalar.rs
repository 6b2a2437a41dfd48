//! Reading a value that is neither an object nor an array.
//!
//! A visitor takes every type: serde's own messages about a wrong type would bring 40 KiB of code
//! and tables for writing numbers into the module.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A value that is neither an object nor an array.
pub(super) enum Scalar<'a> {
    Number(f64),
    String(Cow<'a, str>),
    /// `true`, `false` or `null`.
    Other,
}

/// Reads a document that is one scalar; `None` when it is something else, or no JSON.
pub(super) fn read(document: &str) -> Option<Scalar<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(document);
    let scalar = deserializer.deserialize_any(ScalarVisitor).ok()?;
    deserializer.end().ok()?;
    Some(scalar)
}

const WANTED: &str = "neither an object nor an array";

struct ScalarVisitor;

impl<'a> Visitor<'a> for ScalarVisitor {
    type Value = Scalar<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(WANTED)
    }

    fn visit_unit<E>(self) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Other)
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

    // The elements are left unread, which is an error unless there are none.
    fn visit_seq<A: SeqAccess<'a>>(self, _: A) -> Result<Scalar<'a>, A::Error> {
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'a>>(self, _: A) -> Result<Scalar<'a>, A::Error> {
        Ok(Scalar::Other)
    }
}
