//! Where collection requests are found, and from whom they are taken.

use super::object::object;
use super::origin::AllowedOrigin;
use super::types::{AllowedOrigins, Dialects, IntegrationName, KeySecret, PathPrefix};
use crate::intake::dialect::Dialect;
use crate::secret::HashKey;

object! {
    /// Where collection requests are found, and from whom they are taken.
    Collect {
        /// Stands before every path below: with `/ingest`, `/ingest/track` is ours and `/track` is
        /// not. Begins with `/`, does not end with one. Compared byte for byte.
        path_prefix: String = PathPrefix,
        /// The SDK families that are taken; a path of another one passes through untouched.
        dialects: Vec<&'static Dialect> = Dialects,
        /// The name of this destination in an event's `integrations`, by which a client can leave
        /// it out.
        integration_name: String = IntegrationName,
        /// The web origins whose pages may collect; others get 403, and no CORS headers. Requests
        /// without an `Origin` header (servers, mobile apps, image pixels) are not touched by it.
        allowed_origins: Option<Vec<AllowedOrigin>> = AllowedOrigins,
        /// The secret key of the `messageId` that an event gets when its SDK sends none. `${NAME}`
        /// is replaced. See below.
        id_key: Option<HashKey> = KeySecret,
    }
}

impl Collect {
    /// Whether a page of this origin, the value of its `Origin` header, may collect.
    #[must_use]
    pub fn allows_origin(&self, origin: &[u8]) -> bool {
        let Some(allowed) = &self.allowed_origins else {
            return true;
        };
        allowed.iter().any(|rule| rule.matches(origin))
    }
}
