//! `webhooks[].signing`: secrets, checked and made into keys.

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use hmac::KeyInit;

use super::environment;
use super::quote::shown;
use super::read::{Field, Object, Reader};
use super::tree::Node;
use freshpaint_core::clock::{UnixMillis, UnixSeconds};
use freshpaint_core::config::field::{self, Field as Description, Kind};
use freshpaint_core::secret::Secret;
use freshpaint_core::signing::{Key, Signing, SECRET_BYTES, SECRET_PREFIX};
use freshpaint_core::time;

/// The fields of `signing`.
pub(super) const FIELDS: &[Description] = &[
    Description {
        key: "secrets",
        about: "A secret, or an object of `secret` and `not_after`. At least one has no \
                `not_after`, so that no call goes out unsigned.",
        kind: Kind::Objects {
            fields: SECRET_FIELDS,
            min: 1,
            max: MAX_SECRETS,
            or_text: true,
        },
    },
    Description::other(
        "scheme",
        [
            "string",
            "`standard_webhooks`",
            "`standard_webhooks`, `x_signature_sha1`",
        ],
        "scheme",
        "How a call is signed, see below.",
    ),
];
pub(super) const KEYS: &[&str] = &field::keys::<{ FIELDS.len() }>(FIELDS);

/// The fields of one entry of `secrets`.
const SECRET_FIELDS: &[Description] = &[
    Description::other(
        "secret",
        ["string", "required", ""],
        "secret",
        "The secret. `${NAME}` is replaced.",
    ),
    Description::other(
        "not_after",
        ["string", "never", "RFC 3339"],
        "not_after",
        "The last second in which this secret signs; UTC unless an offset is given.",
    ),
];
const SECRET_KEYS: &[&str] = &field::keys::<{ SECRET_FIELDS.len() }>(SECRET_FIELDS);

/// Most secrets of one webhook: enough for any rotation, and each costs a pass over the body.
pub(super) const MAX_SECRETS: usize = 8;
/// Longest secret of `x_signature_sha1`, in bytes.
pub(super) const MAX_PLAIN_BYTES: usize = 1_024;

/// The header of `x_signature_sha1`.
const X_SIGNATURE: &str = "x-signature";

#[derive(Clone, Copy)]
pub(super) enum Scheme {
    StandardWebhooks,
    XSignatureSha1,
}

pub(super) const SCHEMES: [(&str, Scheme); 2] = [
    ("standard_webhooks", Scheme::StandardWebhooks),
    ("x_signature_sha1", Scheme::XSignatureSha1),
];

/// Reads the `signing` of the webhook called `name`; `headers` are the webhook's others.
pub(super) fn read(
    webhook: &Object<'_>,
    name: &str,
    headers: &[(String, Secret)],
    reader: &mut Reader<'_>,
) -> Option<Signing> {
    let object = webhook.get("signing")?.object(KEYS, reader)?;
    let scheme = object
        .get("scheme")
        .map_or(Some(Scheme::StandardWebhooks), |field| {
            field.choice(&SCHEMES, reader)
        })?;
    let signing = match scheme {
        Scheme::StandardWebhooks => {
            Signing::StandardWebhooks(secrets(&object, name, standard, reader)?)
        }
        Scheme::XSignatureSha1 => {
            if headers.iter().any(|(name, _)| name == X_SIGNATURE) {
                reader.problem(
                    &object.path_of("scheme"),
                    "writes the header x-signature, which headers has too; write one of them",
                );
            }
            Signing::XSignatureSha1(secrets(&object, name, plain, reader)?)
        }
    };
    Some(signing)
}

/// Reads `secrets`; `decode` turns each into the bytes of a key.
fn secrets<M: KeyInit>(
    object: &Object<'_>,
    webhook: &str,
    decode: fn(&str) -> Result<Vec<u8>, String>,
    reader: &mut Reader<'_>,
) -> Option<Vec<Key<M>>> {
    const WANTED: &str = "a list of secrets such as [\"${CRM_SIGNING_KEY}\"]";
    let Some(field) = object.get("secrets") else {
        reader.problem(
            &object.path_of("secrets"),
            format!("is missing; write {WANTED}"),
        );
        return None;
    };
    let items = field.list(WANTED, reader)?;
    if items.is_empty() {
        reader.problem(&field.path, format!("is empty; write {WANTED}"));
        return None;
    }
    if items.len() > MAX_SECRETS {
        reader.problem(
            &field.path,
            format!("has {} secrets; write at most {MAX_SECRETS}", items.len()),
        );
    }
    let mut keys = Vec::with_capacity(items.len());
    let mut lasts = false;
    for item in items {
        let Some((secret, not_after)) = entry(item, reader) else {
            lasts = true;
            continue;
        };
        lasts |= not_after.is_none();
        let Some(written) = secret.string("a secret, such as \"${CRM_SIGNING_KEY}\"", reader)
        else {
            continue;
        };
        if let Some(text) = secret.expand(written, reader) {
            match (decode(&text), environment::without_braces(written)) {
                (Ok(bytes), _) => keys.extend(Key::new(&bytes, not_after)),
                (Err(_), Some(name)) => reader.problem(
                    &secret.path,
                    format!("is ${name} without braces; write ${{{name}}}"),
                ),
                (Err(message), None) => reader.problem(&secret.path, message),
            }
        }
        if !environment::refers(written) {
            let variable = format!("{}_SIGNING_KEY", webhook.to_ascii_uppercase());
            reader.plain_secret(&secret.path, &variable);
        }
    }
    if !lasts {
        reader.problem(
            &field.path,
            "has a not_after on every secret; write the one that signs from then on, without \
             not_after",
        );
    }
    Some(keys)
}

/// One entry of `secrets`: the secret, and the last second that it signs in. `None` when it is
/// neither a string nor an object.
fn entry<'n>(item: Field<'n>, reader: &mut Reader<'_>) -> Option<(Field<'n>, Option<UnixSeconds>)> {
    match item.node {
        Node::Object(_) => {
            let object = item.object(SECRET_KEYS, reader)?;
            let not_after = object
                .get("not_after")
                .map(|field| not_after(&field, reader).unwrap_or(UnixSeconds(i64::MAX)));
            let secret = object.get("secret");
            if secret.is_none() {
                reader.problem(
                    &object.path_of("secret"),
                    "is missing; write a secret, such as \"${CRM_SIGNING_KEY}\"",
                );
            }
            Some((secret?, not_after))
        }
        Node::String(_) => Some((item, None)),
        _ => {
            item.mismatch(
                "a secret, such as \"${CRM_SIGNING_KEY}\", or {\"secret\": ..., \"not_after\": \
                 ...}",
                reader,
            );
            None
        }
    }
}

fn not_after(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<UnixSeconds> {
    const WANTED: &str = "an RFC 3339 time such as \"2027-01-31T00:00:00Z\"";
    let text = field.string(WANTED, reader)?;
    let seconds = time::parse_rfc_3339(text).map(UnixMillis::seconds);
    if seconds.is_none() {
        reader.problem(&field.path, format!("is {}; write {WANTED}", shown(text)));
    }
    seconds
}

/// Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes.
fn standard(secret: &str) -> Result<Vec<u8>, String> {
    let (least, most) = (SECRET_BYTES.start(), SECRET_BYTES.end());
    let wanted =
        format!("write \"{SECRET_PREFIX}\" and the base64 of {least} to {most} random bytes");
    let Some(encoded) = secret.strip_prefix(SECRET_PREFIX) else {
        return Err(format!("does not begin with \"{SECRET_PREFIX}\"; {wanted}"));
    };
    let Ok(bytes) = STANDARD.decode(encoded) else {
        return Err(format!(
            "is not base64 after \"{SECRET_PREFIX}\"; {wanted}, with its padding and without \
             spaces or line breaks"
        ));
    };
    if SECRET_BYTES.contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(format!("decodes to {} bytes; {wanted}", bytes.len()))
    }
}

/// `X-Signature`: the text itself.
fn plain(secret: &str) -> Result<Vec<u8>, String> {
    environment::check_plain(secret)?;
    if secret.is_empty() || secret.len() > MAX_PLAIN_BYTES {
        return Err(format!(
            "is {} bytes long; write 1 to {MAX_PLAIN_BYTES}",
            secret.len()
        ));
    }
    Ok(secret.into())
}
