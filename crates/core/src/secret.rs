//! Text of a configuration that is not to be shown.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};

/// A header's value, or the path of a url: text that can hold credentials.
///
/// Its `Debug` hides it, and it has no `Display`, so that neither a log line nor a message can show
/// it by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(String);

impl Secret {
    /// The text, for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[hidden]")
    }
}

/// A key for HMAC-SHA-256, expanded once.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

impl HashKey {
    /// Takes a key of any length; `None` never happens with HMAC.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        hmac::KeyInit::new_from_slice(key).ok().map(Self)
    }

    /// A code that has the key and no message yet.
    #[must_use]
    pub fn mac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[hidden]")
    }
}

/// Equal keys give equal codes of the empty message; these are compared in constant time.
impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        self.mac().finalize() == other.mac().finalize()
    }
}

impl Eq for HashKey {}

/// Half of a digest.
pub(crate) type Half = [u8; 16];

/// Gives the bytes of a message, piece by piece.
type Feed<'f> = dyn Fn(&mut dyn FnMut(&[u8])) + 'f;

/// 128 bits of SHA-256 over the bytes that `feed` gives; of HMAC-SHA-256 where there is a key.
///
/// `feed` is not generic: a copy of both digests for each caller takes kilobytes of the module.
#[inline(never)]
pub(crate) fn half_digest(key: Option<&HashKey>, feed: &Feed<'_>) -> Half {
    let digest: [u8; 32] = match key {
        None => {
            let mut hasher = Sha256::new();
            feed(&mut |bytes| hasher.update(bytes));
            hasher.finalize().into()
        }
        Some(key) => {
            let mut mac = key.mac();
            feed(&mut |bytes| mac.update(bytes));
            mac.finalize().into_bytes().into()
        }
    };
    digest.first_chunk().copied().unwrap_or_default()
}
