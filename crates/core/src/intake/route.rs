//! The paths that are ours.

use super::dialect::{Dialect, Path, Type};
use crate::config::Collect;

/// A path of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub(super) dialect: &'static Dialect,
    pub(super) path: &'static Path,
    /// The type of event that the path names.
    pub(super) call: Option<Type>,
}

impl Route {
    /// The dialect that is spoken on the path.
    #[must_use]
    pub fn dialect(self) -> &'static Dialect {
        self.dialect
    }
}

/// The route of a request to `path` (with its query, any bytes), if it is a collection request.
///
/// The configured prefix comes first. One slash at the end and the query are ignored. Nothing is
/// decoded: a path with a doubled or a percent-encoded slash is not ours.
#[must_use]
pub fn recognise(path: &[u8], collect: &Collect) -> Option<Route> {
    let path = path.strip_prefix(collect.path_prefix.as_bytes())?;
    let path = path.split(|byte| *byte == b'?').next()?;
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let path = std::str::from_utf8(path).ok()?;
    collect.dialects.iter().find_map(|dialect| {
        let (path, call) = dialect.find(path)?;
        Some(Route {
            dialect,
            path,
            call,
        })
    })
}
