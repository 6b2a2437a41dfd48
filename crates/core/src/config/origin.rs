//! An entry of `collect.allowed_origins`.

/// A web origin, or every subdomain of one: `https://example.com`, `https://*.example.com`.
///
/// Held in the form that a browser writes into its `Origin` header (RFC 6454, section 6.2): lower
/// case, punycode, no default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    /// With its `://`.
    scheme: String,
    /// Whether one or more labels stand before `host`.
    subdomains: bool,
    /// Host and, unless it is the scheme's default, port.
    host: String,
}

impl AllowedOrigin {
    /// `scheme` with its `://`; `host` with its port, unless that is the scheme's default; both as
    /// a browser writes them.
    #[must_use]
    pub fn new(scheme: String, subdomains: bool, host: String) -> Self {
        Self {
            scheme,
            subdomains,
            host,
        }
    }

    /// Whether the value of an `Origin` header is meant by this entry.
    #[must_use]
    pub fn matches(&self, origin: &[u8]) -> bool {
        let rest = origin.strip_prefix(self.scheme.as_bytes());
        let Some(before) = rest.and_then(|rest| rest.strip_suffix(self.host.as_bytes())) else {
            return false;
        };
        let label = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match before.split_last() {
            None => !self.subdomains,
            Some((dot, labels)) => {
                self.subdomains && *dot == b'.' && !labels.is_empty() && labels.iter().all(label)
            }
        }
    }
}
