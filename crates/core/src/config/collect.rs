//! Where collection requests are found, and from whom they are taken.

use super::collect_fields::{AllowedOrigins, Dialects, IntegrationName, PathPrefix};
use super::field::object;
use super::origin::AllowedOrigin;

object! {
    /// Where collection requests are found, and from whom they are taken.
    Collect {
        /// Stands before every path below: with `/ingest`, `/ingest/track` is ours and `/track` is not.
        /// Begins with `/`, does not end with one. Compared byte for byte.
        path_prefix: String = PathPrefix,
        /// The SDK families that are taken; a path of another one passes through untouched.
        dialects: Vec<Dialect> = Dialects,
        /// The name of this destination in an event's `integrations`, by which a client can leave it
        /// out.
        integration_name: String = IntegrationName,
        /// The web origins whose pages may collect; others get 403, and no CORS headers. Requests
        /// without an `Origin` header (servers, mobile apps, image pixels) are not touched by it.
        allowed_origins: Option<Vec<AllowedOrigin>> = AllowedOrigins,
    }
}

impl Collect {
    /// Whether collection requests of this dialect are ours.
    #[must_use]
    pub fn takes(&self, dialect: Dialect) -> bool {
        self.dialects.contains(&dialect)
    }

    /// Whether a page of this origin, the value of its `Origin` header, may collect.
    #[must_use]
    pub fn allows_origin(&self, origin: &[u8]) -> bool {
        let Some(allowed) = &self.allowed_origins else {
            return true;
        };
        allowed.iter().any(|rule| rule.matches(origin))
    }
}

/// A family of SDKs, known by the paths of its collection requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// `/track`, `/engage`, `/groups`, `/import`: Freshpaint's HTTP API and freshpaint.js, and the Mixpanel family.
    Track,
    /// `/react-native`: Freshpaint for React Native.
    ReactNative,
    /// `/android`: Freshpaint for iOS and Android.
    Mobile,
    /// `/v1/batch`, `/v1/b`, `/v1/import`, `/v1/<type>`, `/v1/<letter>`: Segment, RudderStack and what speaks like them.
    Segment,
    /// `/beacon/v1/batch`: RudderStack's beacon.
    RudderstackBeacon,
    /// `/api/s/<type>`, `/api/s/s2s/<type>`: Jitsu.
    Jitsu,
    /// `/e`, `/i/v0/e`, `/batch`, `/capture`: PostHog.
    Posthog,
}

impl Dialect {
    /// Every dialect, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Track,
        Self::ReactNative,
        Self::Mobile,
        Self::Segment,
        Self::RudderstackBeacon,
        Self::Jitsu,
        Self::Posthog,
    ];

    /// The name in `collect.dialects`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::ReactNative => "react_native",
            Self::Mobile => "mobile",
            Self::Segment => "segment",
            Self::RudderstackBeacon => "rudderstack_beacon",
            Self::Jitsu => "jitsu",
            Self::Posthog => "posthog",
        }
    }
}
