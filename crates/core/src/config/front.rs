//! The kind of plugin that chooses a collector for each request.

use super::collect::Collect;
use super::field::Count;
use super::object::object;
use super::types::{Dialects, PathPrefix};
use super::{Config, Dedupe, Limits, Observe, Retry};
use crate::consent::OptOut;
use crate::intake::dialect::Dialect;

const MIB: usize = 1 << 20;

object! {
    /// The configuration of a plugin that stands in front of collectors.
    Front {
        /// `collect.path_prefix` of the collectors.
        path_prefix: String = PathPrefix,
        /// `collect.dialects` of the collectors.
        dialects: Vec<&'static Dialect> = Dialects,
        /// A body as received. Envoy keeps it until its end has come, so its buffers and the
        /// windows of HTTP/2 must be as large; a larger body goes by the client's address.
        max_body_bytes: usize = Count::new(MIB, 1, 64 * MIB),
        /// The same body after gzip or base64; a larger one goes by the client's address.
        max_decoded_bytes: usize = Count::new(5 * MIB, 1, 64 * MIB),
        /// Bytes of all bodies that Envoy keeps at a time, per worker; past it, requests go by the
        /// client's address.
        max_waiting_bytes: usize = Count::new(64 * MIB, 64 << 10, 256 * MIB),
    }
}

impl Front {
    /// The configuration of a collector that reads the same requests and has no webhooks.
    pub(crate) fn reading(self) -> Config {
        Config {
            webhooks: Vec::new(),
            honored: OptOut::default(),
            context_ip: false,
            hipaa: false,
            dead_letter: None,
            acknowledge: super::Acknowledge::default(),
            timestamps: super::Timestamps::default(),
            collect: Collect {
                path_prefix: self.path_prefix,
                dialects: self.dialects,
                ..Collect::default()
            },
            limits: Limits {
                max_body_bytes: self.max_body_bytes,
                max_decoded_bytes: self.max_decoded_bytes,
                max_in_flight_bytes: self.max_waiting_bytes,
                ..Limits::default()
            },
            retry: Retry::default(),
            dedupe: Dedupe::default(),
            observe: Observe::default(),
            warnings: Vec::new(),
        }
    }
}
