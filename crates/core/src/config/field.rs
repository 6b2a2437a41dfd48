//! A configuration field, described once: key, type, default, bounds and a sentence about it.
//!
//! The parser reads by these descriptions. The manual's tables and the JSON Schema are made from
//! them by a test of the parser, so that nothing about a field can be forgotten.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::batch_format::BatchFormat;
use crate::intake::dialect::Dialect;
use crate::secret::HashKey;

/// One field of a configuration object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key, as it is written.
    pub key: &'static str,
    /// The last cell of its row in the manual, in Markdown.
    pub about: &'static str,
    /// The allowed values.
    pub kind: Kind,
}

impl Field {
    /// A field of the type that the schema calls `schema`; `cells` are type, default and bounds.
    #[must_use]
    pub const fn other(
        key: &'static str,
        cells: [&'static str; 3],
        schema: &'static str,
        about: &'static str,
    ) -> Self {
        let [type_name, default, bounds] = cells;
        let kind = Kind::Other(Other {
            type_name,
            default,
            bounds,
            schema,
        });
        Self { key, about, kind }
    }

    /// An object of `fields`.
    #[must_use]
    pub const fn object(
        key: &'static str,
        fields: &'static [Self],
        default: &'static str,
        about: &'static str,
    ) -> Self {
        let kind = Kind::Object { fields, default };
        Self { key, about, kind }
    }
}

/// The allowed values of a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number.
    Count(Count),
    /// A duration.
    Span(Span),
    /// `true` or `false`.
    Flag(Flag),
    /// An object.
    Object {
        /// The fields of the object.
        fields: &'static [Field],
        /// The default in Markdown; `required` when there is none.
        default: &'static str,
    },
    /// A list of objects; one is required.
    Objects {
        /// The fields of one object.
        fields: &'static [Field],
        /// Fewest objects.
        min: usize,
        /// Most objects.
        max: usize,
        /// Whether a plain string may stand in an object's place.
        or_text: bool,
    },
    /// Anything else.
    Other(Other),
}

/// A value of a type that the parser, the manual and the schema know by name.
#[derive(Clone, Copy, Debug)]
pub struct Other {
    /// The manual's word for the type.
    pub type_name: &'static str,
    /// The default in Markdown; `required` when there is none.
    pub default: &'static str,
    /// The bounds in Markdown.
    pub bounds: &'static str,
    /// The name of its definition in the JSON Schema.
    pub schema: &'static str,
}

/// A whole number and its bounds, which are allowed values too.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// The default.
    pub default: usize,
    /// The least.
    pub min: usize,
    /// The most.
    pub max: usize,
}

impl Count {
    /// `default`, and the bounds `min` and `max`.
    #[must_use]
    pub const fn new(default: usize, min: usize, max: usize) -> Self {
        Self { default, min, max }
    }

    /// As a description has it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        Kind::Count(self)
    }
}

/// A duration and its bounds, which are allowed values too.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The default.
    pub default: Duration,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl Span {
    /// All three in milliseconds.
    #[must_use]
    pub const fn millis(default: u64, min: u64, max: u64) -> Self {
        Self {
            default: Duration::from_millis(default),
            min: Duration::from_millis(min),
            max: Duration::from_millis(max),
        }
    }

    /// As a description has it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        Kind::Span(self)
    }
}

/// `true` or `false`, and which of them holds where nothing is written.
#[derive(Clone, Copy, Debug)]
pub struct Flag(pub bool);

impl Flag {
    /// As a description has it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        Kind::Flag(self)
    }
}

/// The keys of these fields, in order.
#[must_use]
pub const fn keys<const N: usize>(fields: &'static [Field]) -> [&'static str; N] {
    let mut keys = [""; N];
    let mut at = 0;
    // Neither iterators nor `get` are const.
    #[allow(clippy::indexing_slicing)]
    while at < N {
        keys[at] = fields[at].key;
        at += 1;
    }
    keys
}

/// Reads the values of one object; each method answers its default for a key that is not written.
pub trait Fields {
    /// A whole number.
    fn count(&mut self, key: &'static str, count: Count) -> usize;
    /// A duration.
    fn span(&mut self, key: &'static str, span: Span) -> Duration;
    /// `true` or `false`.
    fn flag(&mut self, key: &'static str, flag: Flag) -> bool;
    /// [`super::types::PathPrefix`].
    fn path_prefix(&mut self, key: &'static str) -> Option<String>;
    /// [`super::types::Log`].
    fn log(&mut self, key: &'static str) -> Option<bool>;
    /// [`super::types::Dialects`].
    fn dialects(&mut self, key: &'static str) -> Option<Vec<&'static Dialect>>;
    /// [`super::types::IntegrationName`].
    fn integration_name(&mut self, key: &'static str) -> Option<String>;
    /// [`super::types::KeySecret`].
    fn hash_key(&mut self, key: &'static str) -> Option<HashKey>;
    /// [`super::types::Statuses`].
    fn statuses(&mut self, key: &'static str, bounds: RangeInclusive<u16>) -> Option<Vec<u16>>;
    /// [`super::types::BatchFormats`].
    fn batch_format(&mut self, key: &'static str) -> Option<BatchFormat>;
    /// [`super::types::AllowedOrigins`].
    fn allowed_origins(&mut self, key: &'static str) -> Option<Vec<super::AllowedOrigin>>;
}

/// A description of a field that holds a `T`.
pub(crate) trait Describes<T> {
    /// The default.
    fn default(self) -> T;
    /// The value under `key`, else the default.
    fn read(self, key: &'static str, fields: &mut impl Fields) -> T;
}

impl Describes<usize> for Count {
    fn default(self) -> usize {
        self.default
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> usize {
        fields.count(key, self)
    }
}

/// For counts of which `max` is below 2^32.
impl Describes<u32> for Count {
    fn default(self) -> u32 {
        u32::try_from(self.default).unwrap_or(u32::MAX)
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> u32 {
        u32::try_from(fields.count(key, self)).unwrap_or(u32::MAX)
    }
}

impl Describes<Duration> for Span {
    fn default(self) -> Duration {
        self.default
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> Duration {
        fields.span(key, self)
    }
}

impl Describes<bool> for Flag {
    fn default(self) -> bool {
        self.0
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> bool {
        fields.flag(key, self)
    }
}
