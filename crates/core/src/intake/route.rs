//! Which paths are ours.

use super::dialect::Call;
use crate::config::{Collect, Dialect};

/// A path of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub(super) dialect: Dialect,
    pub(super) call: Option<Call>,
}

impl Route {
    /// The dialect that is spoken on the path.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        self.dialect
    }
}

/// Is a request to `path` (with its query, any bytes) a collection request?
///
/// The configured prefix comes first; one slash at the end is ignored, and so is the query. Nothing is decoded:
/// a path with a doubled or a percent-encoded slash is somebody else's.
#[must_use]
pub fn recognise(path: &[u8], collect: &Collect) -> Option<Route> {
    let path = path.strip_prefix(collect.path_prefix.as_bytes())?;
    let path = path.split(|byte| *byte == b'?').next()?;
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let (dialect, call) = match path {
        b"/track" | b"/import" => (Dialect::Track, None),
        b"/engage" => (Dialect::Track, Some(Call::Profiles)),
        b"/groups" => (Dialect::Track, Some(Call::GroupProfiles)),
        b"/react-native" => (Dialect::ReactNative, None),
        b"/android" => (Dialect::Mobile, None),
        b"/v1/batch" | b"/v1/b" | b"/v1/import" => (Dialect::Segment, None),
        b"/beacon/v1/batch" => (Dialect::RudderstackBeacon, None),
        b"/e" | b"/i/v0/e" | b"/batch" | b"/capture" => (Dialect::Posthog, None),
        _ => typed(path)?,
    };
    collect.takes(dialect).then_some(Route { dialect, call })
}

/// Paths whose last part is the type of the event.
fn typed(path: &[u8]) -> Option<(Dialect, Option<Call>)> {
    if let Some(name) = path.strip_prefix(b"/v1/") {
        let call = Call::of_letter(name).or_else(|| Call::of_name(name))?;
        return Some((Dialect::Segment, Some(call)));
    }
    let name = path.strip_prefix(b"/api/s/")?;
    let name = name.strip_prefix(b"s2s/").unwrap_or(name);
    Some((Dialect::Jitsu, Some(Call::of_name(name)?)))
}
