//! Types of fields that are more than a number, a duration or a flag.

use super::batch_format::BatchFormat;
use super::field::{Describes, Fields, Kind, Other};
use super::origin::AllowedOrigin;
use crate::intake::dialect::{self, Dialect};
use crate::secret::HashKey;

/// Longest path prefix, in bytes.
pub const MAX_PREFIX_BYTES: usize = 256;
/// Longest name of the destination, in characters.
pub const MAX_INTEGRATION_NAME_CHARS: usize = 100;
/// Most allowed origins.
pub const MAX_ORIGINS: usize = 256;

/// Describes a path that is empty, or begins with `/` and does not end with one.
#[derive(Clone, Copy, Debug)]
pub struct PathPrefix;

impl PathPrefix {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "string",
            default: "`\"\"`",
            bounds: "256 bytes",
            schema: "path_prefix",
        })
    }
}

impl Describes<String> for PathPrefix {
    fn default(self) -> String {
        String::new()
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> String {
        fields.path_prefix(key).unwrap_or_default()
    }
}

/// Describes what is written into Envoy's log beside what is wrong; `true` for deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Log;

impl Log {
    /// The allowed values and their meanings.
    pub const CHOICES: [(&'static str, bool); 2] = [("none", false), ("deliveries", true)];

    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "string",
            default: "`none`",
            bounds: "`none`, `deliveries`",
            schema: "log",
        })
    }
}

impl Describes<bool> for Log {
    fn default(self) -> bool {
        false
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> bool {
        fields.log(key).unwrap_or_default()
    }
}

/// Describes a list of dialects without repetition.
#[derive(Clone, Copy, Debug)]
pub struct Dialects;

impl Dialects {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "list",
            default: "all",
            bounds: "at least one, each once",
            schema: "dialects",
        })
    }
}

impl Describes<Vec<&'static Dialect>> for Dialects {
    fn default(self) -> Vec<&'static Dialect> {
        dialect::ALL.into()
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> Vec<&'static Dialect> {
        fields.dialects(key).unwrap_or_else(|| self.default())
    }
}

/// Describes the name of the destination.
#[derive(Clone, Copy, Debug)]
pub struct IntegrationName;

impl IntegrationName {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "string",
            default: "`Webhooks`",
            bounds: "1 to 100 characters",
            schema: "integration_name",
        })
    }
}

impl Describes<String> for IntegrationName {
    fn default(self) -> String {
        "Webhooks".into()
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> String {
        fields
            .integration_name(key)
            .unwrap_or_else(|| self.default())
    }
}

/// Describes a list of web origins; none takes every origin.
#[derive(Clone, Copy, Debug)]
pub struct AllowedOrigins;

impl AllowedOrigins {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "list",
            default: "every origin",
            bounds: "1 to 256",
            schema: "allowed_origins",
        })
    }
}

impl Describes<Option<Vec<AllowedOrigin>>> for AllowedOrigins {
    fn default(self) -> Option<Vec<AllowedOrigin>> {
        None
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> Option<Vec<AllowedOrigin>> {
        fields.allowed_origins(key)
    }
}

/// Shortest key of [`KeySecret`], in bytes: one that nobody guesses.
pub const MIN_KEY_BYTES: usize = 32;

/// Describes the secret of a keyed hash.
#[derive(Clone, Copy, Debug)]
pub struct KeySecret;

impl KeySecret {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "string",
            default: "none",
            bounds: "at least 32 bytes",
            schema: "hash_key",
        })
    }
}

impl Describes<Option<HashKey>> for KeySecret {
    fn default(self) -> Option<HashKey> {
        None
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> Option<HashKey> {
        fields.hash_key(key)
    }
}

/// Describes the form of a body with several events.
#[derive(Clone, Copy, Debug)]
pub struct BatchFormats;

impl BatchFormats {
    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "string",
            default: "`json_array`",
            bounds: "`json_array`, `ndjson`",
            schema: "batch_format",
        })
    }
}

impl Describes<BatchFormat> for BatchFormats {
    fn default(self) -> BatchFormat {
        BatchFormat::default()
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> BatchFormat {
        fields.batch_format(key).unwrap_or_default()
    }
}

/// Describes a list of error statuses, in ascending order and without repetition.
#[derive(Clone, Copy, Debug)]
pub struct Statuses {
    /// The list when none is written.
    pub default: &'static [u16],
    /// The lowest status that may be written.
    pub min: u16,
    /// The highest status that may be written.
    pub max: u16,
    /// The default and the bounds as the manual has them.
    cells: [&'static str; 2],
    /// Its definition in the JSON Schema.
    schema: &'static str,
}

impl Statuses {
    /// A receiver answers so that it does not take this event, whenever it comes.
    pub const REFUSALS: Self = Self {
        default: &[400, 413, 415, 422],
        min: 400,
        max: 499,
        cells: [
            "`[400, 413, 415, 422]`",
            "`400` to `499`, each once, may be empty",
        ],
        schema: "refusals",
    };

    /// Any failure that a webhook answers; none unless they are written.
    pub const NONE: Self = Self {
        default: &[],
        min: 400,
        max: 599,
        cells: ["`[]`", "`400` to `599`, each once, may be empty"],
        schema: "statuses",
    };

    pub(super) const fn kind(self) -> Kind {
        Kind::Other(Other {
            type_name: "list",
            default: self.cells[0],
            bounds: self.cells[1],
            schema: self.schema,
        })
    }
}

impl Describes<Vec<u16>> for Statuses {
    fn default(self) -> Vec<u16> {
        self.default.into()
    }

    fn read(self, key: &'static str, fields: &mut impl Fields) -> Vec<u16> {
        fields
            .statuses(key, self.min..=self.max)
            .unwrap_or_else(|| self.default())
    }
}
