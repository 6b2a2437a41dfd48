//! Signatures: how a webhook knows who called it, and that nothing was changed on the way.
//!
//! Two schemes. Standard Webhooks (<https://www.standardwebhooks.com>, symmetric `v1`) signs id,
//! time and body, with as many secrets at once as are valid. `X-Signature`, for receivers that were
//! written for Segment, is the HMAC-SHA-1 of the body alone. Both are over exactly the bytes of the
//! call's body.

use std::fmt;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use crate::clock::UnixSeconds;
use crate::secret::{half_digest, HashKey};

/// The size of a decoded secret that Standard Webhooks wants, in bytes.
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Before the base64 of a Standard Webhooks secret.
pub const SECRET_PREFIX: &str = "whsec_";

/// How one webhook's calls are signed. Holds keys that are expanded once, and no secret as it was
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks(Vec<Key<Hmac<Sha256>>>),
    /// `x-signature`: the lower-case hexadecimal HMAC-SHA-1 of the body.
    XSignatureSha1(Vec<Key<Hmac<Sha1>>>),
}

/// A secret, ready to sign.
#[derive(Clone)]
pub struct Key<M> {
    mac: M,
    /// The last second that it signs in; `None` signs for ever.
    not_after: Option<UnixSeconds>,
}

impl<M: KeyInit> Key<M> {
    /// Takes a secret of any length; `None` never happens with HMAC.
    #[must_use]
    pub fn new(secret: &[u8], not_after: Option<UnixSeconds>) -> Option<Self> {
        let mac = M::new_from_slice(secret).ok()?;
        Some(Self { mac, not_after })
    }
}

impl<M: Mac + Clone> Key<M> {
    fn signs_at(&self, now: UnixSeconds) -> bool {
        self.not_after.is_none_or(|last| now <= last)
    }

    fn sign(&self, parts: &[&[u8]]) -> hmac::digest::Output<M> {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes()
    }
}

impl<M> fmt::Debug for Key<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = format_args!("[hidden]");
        out.debug_struct("Key")
            .field("mac", &hidden)
            .field("not_after", &self.not_after)
            .finish()
    }
}

impl<M: Mac + Clone> PartialEq for Key<M> {
    fn eq(&self, other: &Self) -> bool {
        // Keys are the same if they give the same code for an empty message. Codes are compared in
        // constant time.
        let same_key = self.mac.clone().finalize() == other.mac.clone().finalize();
        same_key && self.not_after == other.not_after
    }
}

impl<M: Mac + Clone> Eq for Key<M> {}

/// The name of a delivery for its receiver, the same in each attempt: the `webhook-id` of Standard
/// Webhooks.
///
/// A hash of what sets the event apart, so that it is the same over attempts, re-sends, workers and
/// restarts, and no text of an event gets into a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookId([u8; 16]);

impl WebhookId {
    /// The id of the event that these fields tell from every other one. With a key, nobody without
    /// it can test a guess at a field that a rule keeps from the webhook.
    #[must_use]
    pub fn of<const N: usize>(key: Option<&HashKey>, fields: [&str; N]) -> Self {
        Self::hash(key, fields.map(str::as_bytes))
    }

    /// The id of an event of which only the payload is known: one that an unsigned configuration
    /// kept.
    #[must_use]
    pub fn of_payload(payload: &[u8]) -> Self {
        Self::hash(None, [payload])
    }

    /// The id of a call that carries these events. That of one event is the event's own; that of
    /// several is the same in whichever order they stand.
    #[must_use]
    pub fn of_all(events: &[Self]) -> Self {
        // Put in their places one by one: they are few, and a sort is 10 KiB of the module.
        let mut ids: Vec<[u8; 16]> = Vec::new();
        for Self(id) in events {
            let at = ids.partition_point(|known| known < id);
            ids.insert(at, *id);
        }
        match ids[..] {
            [id] => Self(id),
            _ => Self::hash(None, [ids.as_flattened()]),
        }
    }

    fn hash<const N: usize>(key: Option<&HashKey>, fields: [&[u8]; N]) -> Self {
        Self(half_digest(key, &|update| {
            for field in fields {
                // Length first, so that no two sequences of fields are the same bytes.
                update(&(field.len() as u64).to_be_bytes());
                update(field);
            }
        }))
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "msg_{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Signing {
    /// How many keys there are. No call has more signatures.
    #[must_use]
    pub fn keys(&self) -> usize {
        match self {
            Self::StandardWebhooks(keys) => keys.len(),
            Self::XSignatureSha1(keys) => keys.len(),
        }
    }

    /// The headers that sign `payload` at the time `now`.
    #[must_use]
    pub fn headers(
        &self,
        id: WebhookId,
        now: UnixSeconds,
        payload: &[u8],
    ) -> Vec<(&'static str, String)> {
        match self {
            Self::StandardWebhooks(keys) => {
                let (id, timestamp) = (id.to_string(), now.0.to_string());
                let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", payload];
                let signatures: Vec<_> = keys
                    .iter()
                    .filter(|key| key.signs_at(now))
                    .map(|key| format!("v1,{}", STANDARD.encode(key.sign(&parts))))
                    .collect();
                vec![
                    ("webhook-id", id),
                    ("webhook-timestamp", timestamp),
                    ("webhook-signature", signatures.join(" ")),
                ]
            }
            // The header has room for one signature.
            Self::XSignatureSha1(keys) => keys
                .iter()
                .find(|key| key.signs_at(now))
                .map(|key| ("x-signature", hex(&key.sign(&[payload]))))
                .into_iter()
                .collect(),
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

#[cfg(test)]
mod tests;
