//! Reads the members of an object by the descriptions of its fields.

use std::ops::RangeInclusive;
use std::time::Duration;

use freshpaint_core::config::field::{Count, Fields, Flag, Span};
use freshpaint_core::config::types::Log;
use freshpaint_core::config::{AllowedOrigin, BatchFormat};
use freshpaint_core::intake::dialect::Dialect;
use freshpaint_core::secret::HashKey;

use super::read::{Field, Object, Reader};
use super::{bound, collect, secrets};

/// An object, and where its problems go.
pub(super) struct Members<'m, 'n, 'e> {
    pub(super) object: &'m Object<'n>,
    pub(super) reader: &'m mut Reader<'e>,
}

impl Members<'_, '_, '_> {
    /// The result of `read` on the member under `key`; `None` when there is none or it is refused.
    fn member<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Field<'_>, &mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let field = self.object.get(key)?;
        read(&field, self.reader)
    }
}

impl Fields for Members<'_, '_, '_> {
    fn count(&mut self, key: &'static str, count: Count) -> usize {
        self.member(key, |field, reader| bound::count(field, count, reader))
            .unwrap_or(count.default)
    }

    fn span(&mut self, key: &'static str, span: Span) -> Duration {
        self.member(key, |field, reader| bound::span(field, span, reader))
            .unwrap_or(span.default)
    }

    fn flag(&mut self, key: &'static str, flag: Flag) -> bool {
        self.member(key, |field, reader| field.bool(reader))
            .unwrap_or(flag.0)
    }

    fn path_prefix(&mut self, key: &'static str) -> Option<String> {
        self.member(key, collect::path_prefix)
    }

    fn log(&mut self, key: &'static str) -> Option<bool> {
        self.member(key, |field, reader| field.choice(&Log::CHOICES, reader))
    }

    fn dialects(&mut self, key: &'static str) -> Option<Vec<&'static Dialect>> {
        self.member(key, collect::dialects)
    }

    fn integration_name(&mut self, key: &'static str) -> Option<String> {
        self.member(key, collect::integration_name)
    }

    fn hash_key(&mut self, key: &'static str) -> Option<HashKey> {
        self.member(key, |field, reader| {
            secrets::hash_key(field, &key.to_ascii_uppercase(), reader)
        })
    }

    fn statuses(&mut self, key: &'static str, bounds: RangeInclusive<u16>) -> Option<Vec<u16>> {
        self.member(key, |field, reader| bound::statuses(field, &bounds, reader))
    }

    fn batch_format(&mut self, key: &'static str) -> Option<BatchFormat> {
        self.member(key, |field, reader| {
            field.choice(&BatchFormat::NAMED, reader)
        })
    }

    fn allowed_origins(&mut self, key: &'static str) -> Option<Vec<AllowedOrigin>> {
        self.member(key, collect::origins)
    }
}
