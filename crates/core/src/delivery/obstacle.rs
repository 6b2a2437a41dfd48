//! Obstacles on the way to a webhook, as far as Envoy names them.

/// The reason that an egress listener gives for a webhook that it did not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// `resolved_address_filter` refuses every address of the webhook's host.
    AddressRefused,
    /// DNS has no address for the webhook's host.
    NoAddress,
    /// The TLS handshake failed, most often by the webhook's certificate.
    Tls,
    /// No connection came about, or one ended too early.
    Connection,
    /// A cluster without an egress listener does not say.
    Unknown,
}

impl Obstacle {
    /// Reads Envoy's `%RESPONSE_FLAGS%` and `%RESPONSE_CODE_DETAILS%`. The flag `DF` and
    /// `address_denied` are of `source/extensions/filters/http/dynamic_forward_proxy`, `TLS_error`
    /// of `source/common/tls/ssl_socket.cc`.
    pub(super) fn of_egress(flags: &[u8], details: &[u8]) -> Self {
        let says = |words: &[u8]| details.windows(words.len()).any(|part| part == words);
        if says(b"address_denied") {
            Self::AddressRefused
        } else if has(flags, b"DF") {
            Self::NoAddress
        } else if says(b"TLS_error") {
            Self::Tls
        } else {
            Self::Connection
        }
    }

    /// The obstacle in words and, where it is not plain, the remedy.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::AddressRefused => {
                "its resolved_address_filter refuses the webhook's private address \
                 (address_denied); give the webhook a cluster of its own"
            }
            Self::NoAddress => "DNS has no address for the host of its url",
            Self::Tls => "TLS failed: the certificate is for another host, or not trusted",
            Self::Connection => "no connection, or it broke",
            Self::Unknown => "connect, DNS, TLS or connection failure",
        }
    }
}

/// Whether a flag is one of several with commas between them.
pub(super) fn has(flags: &[u8], wanted: &[u8]) -> bool {
    flags.split(|byte| *byte == b',').any(|flag| flag == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_flags_and_the_details_of_an_egress_listener() {
        for (flags, details, expected) in [
            (
                "DF",
                "dns_resolution_failure{address_denied}",
                Obstacle::AddressRefused,
            ),
            (
                "DF",
                "dns_resolution_failure{not_found}",
                Obstacle::NoAddress,
            ),
            (
                "UF,URX",
                "upstream_reset_before_response_started{remote_connection_failure|TLS_error:_x}",
                Obstacle::Tls,
            ),
            ("UC", "", Obstacle::Connection),
        ] {
            let obstacle = Obstacle::of_egress(flags.as_bytes(), details.as_bytes());
            assert_eq!(obstacle, expected, "{flags} {details}");
        }
        assert_eq!(Obstacle::of_egress(b"\xff", b"\xff"), Obstacle::Connection);
    }
}
