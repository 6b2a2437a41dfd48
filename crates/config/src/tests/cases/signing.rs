//! `webhooks[].signing`.

use super::Schema::{Blind, Sees};
use super::{webhook, Case};

/// 24 bytes.
const SECRET: &str = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

pub(super) fn cases() -> Vec<Case> {
    let signing = |members: &str, said: &str, schema| {
        let said = format!("webhooks[0].signing{said}");
        webhook(&format!(r#""signing": {{{members}}}"#), &[&said], schema)
    };
    let secret = |secret: &str, said: &str, schema| {
        signing(
            &format!(r#""secrets": [{secret}]"#),
            &format!(".secrets[0]{said}"),
            schema,
        )
    };
    let standard = |text: &str, said: &str, schema| {
        let said = format!(": {said}; write \"whsec_\" and the base64 of 24 to 64 random bytes");
        secret(&format!("\"{text}\""), &said, schema)
    };
    let not_base64 = r#": is not base64 after "whsec_"; write "whsec_" and the base64 of 24 to 64 random bytes, with its padding and without spaces or line breaks"#;
    let plain = |text: &str, said: &str, schema| {
        signing(
            &format!(r#""scheme": "x_signature_sha1", "secrets": ["{text}"]"#),
            &format!(".secrets[0]: {said}"),
            schema,
        )
    };
    let nine = vec![format!("\"{SECRET}\""); 9].join(", ");
    vec![
        webhook(r#""signing": true"#, &["webhooks[0].signing: is a boolean; write an object"], Sees),
        signing("", r#".secrets: is missing; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#, Sees),
        signing(r#""secrets": "canary""#, r#".secrets: is a string; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#, Sees),
        signing(r#""secrets": []"#, r#".secrets: is empty; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#, Sees),
        signing(&format!(r#""secrets": [{nine}]"#), ".secrets: has 9 secrets; write at most 8", Sees),
        signing(
            &format!(r#""scheme": "hmac", "secrets": ["{SECRET}"]"#),
            r#".scheme: is "hmac"; write one of "standard_webhooks", "x_signature_sha1""#,
            Sees,
        ),
        signing(&format!(r#""secret": "{SECRET}", "secrets": ["{SECRET}"]"#), r#".secret: is not a known key; write "secrets""#, Sees),
        secret("7", r#": is a number; write a secret, such as "${CRM_SIGNING_KEY}", or {"secret": ..., "not_after": ...}"#, Sees),
        secret("{}", r#".secret: is missing; write a secret, such as "${CRM_SIGNING_KEY}""#, Sees),
        secret(r#"{"secret": ["canary"]}"#, r#".secret: is a list; write a secret, such as "${CRM_SIGNING_KEY}""#, Sees),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "until": "2027-01-31T00:00:00Z"}}"#),
            r#".until: is not a known key; write one of "secret", "not_after""#,
            Sees,
        ),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "not_after": "tomorrow"}}, "{SECRET}""#),
            r#".not_after: is "tomorrow"; write an RFC 3339 time such as "2027-01-31T00:00:00Z""#,
            Sees,
        ),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "not_after": "2027-02-30T00:00:00Z"}}, "{SECRET}""#),
            r#".not_after: is "2027-02-30T00:00:00Z"; write an RFC 3339 time such as "2027-01-31T00:00:00Z""#,
            Blind,
        ),
        signing(
            &format!(r#""secrets": [{{"secret": "{SECRET}", "not_after": "2027-01-31T00:00:00Z"}}]"#),
            ".secrets: has a not_after on every secret; write the one that signs from then on, without not_after",
            Blind,
        ),
        standard("Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5", r#"does not begin with "whsec_""#, Blind),
        secret(r#""whsec_canary canary canary canary canary""#, not_base64, Blind),
        secret(r#""whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5YQ""#, not_base64, Blind),
        standard("whsec_Y2FuYXJ5", "decodes to 6 bytes", Blind),
        standard("whsec_", "decodes to 0 bytes", Blind),
        standard(&format!("whsec_{}", "Y2FuYXJ5".repeat(11)), "decodes to 66 bytes", Blind),
        secret(
            r#""${GONE}""#,
            ": needs the environment variable GONE, which is not set; write it into vm_config.environment_variables of the Envoy file",
            Blind,
        ),
        plain(
            "${TWO_LINES}",
            "has a space, a line break or a control character at an end or within; write the secret without it",
            Blind,
        ),
        plain("", "is 0 bytes long; write 1 to 1024", Sees),
        plain(&"canary".repeat(200), "is 1200 bytes long; write 1 to 1024", Blind),
        webhook(
            r#""headers": {"X-Signature": "a"}, "signing": {"scheme": "x_signature_sha1", "secrets": ["${CRM_KEY}"]}"#,
            &["webhooks[0].signing.scheme: writes the header x-signature, which headers has too; write one of them"],
            Blind,
        ),
    ]
}
