//! `webhooks[].signing`.

use super::{webhook, Case};

/// 24 bytes.
const SECRET: &str = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";

pub(super) fn cases() -> Vec<Case> {
    let signing = |members: &str, said: &str| {
        let said = format!("webhooks[0].signing{said}");
        webhook(&format!(r#""signing": {{{members}}}"#), &[&said])
    };
    let secret = |secret: &str, said: &str| {
        signing(
            &format!(r#""secrets": [{secret}]"#),
            &format!(".secrets[0]{said}"),
        )
    };
    let standard = |text: &str, said: &str| {
        let said = format!(": {said}; write \"whsec_\" and the base64 of 24 to 64 random bytes");
        secret(&format!("\"{text}\""), &said)
    };
    let not_base64 = r#": is not base64 after "whsec_"; write "whsec_" and the base64 of 24 to 64 random bytes, with its padding and without spaces or line breaks"#;
    let plain = |text: &str, said: &str| {
        signing(
            &format!(r#""scheme": "x_signature_sha1", "secrets": ["{text}"]"#),
            &format!(".secrets[0]: {said}"),
        )
    };
    let nine = vec![format!("\"{SECRET}\""); 9].join(", ");
    vec![
        webhook(r#""signing": true"#, &["webhooks[0].signing: is a boolean; write an object with keys such as \"secrets\", \"scheme\""]),
        signing("", r#".secrets: is missing; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#),
        signing(r#""secrets": "canary""#, r#".secrets: is a string; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#),
        signing(r#""secrets": []"#, r#".secrets: is empty; write a list of secrets such as ["${CRM_SIGNING_KEY}"]"#),
        signing(&format!(r#""secrets": [{nine}]"#), ".secrets: has 9 secrets; write at most 8"),
        signing(
            &format!(r#""scheme": "hmac", "secrets": ["{SECRET}"]"#),
            r#".scheme: is "hmac"; write one of "standard_webhooks", "x_signature_sha1""#
        ),
        signing(&format!(r#""secret": "{SECRET}", "secrets": ["{SECRET}"]"#), r#".secret: is not a known key; write "secrets""#),
        secret("7", r#": is a number; write a secret, such as "${CRM_SIGNING_KEY}", or {"secret": ..., "not_after": ...}"#),
        secret("{}", r#".secret: is missing; write a secret, such as "${CRM_SIGNING_KEY}""#),
        secret(r#"{"secret": ["canary"]}"#, r#".secret: is a list; write a secret, such as "${CRM_SIGNING_KEY}""#),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "until": "2027-01-31T00:00:00Z"}}"#),
            r#".until: is not a known key; write one of "secret", "not_after""#
        ),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "not_after": "tomorrow"}}, "{SECRET}""#),
            r#".not_after: is "tomorrow"; write an RFC 3339 time such as "2027-01-31T00:00:00Z""#
        ),
        secret(
            &format!(r#"{{"secret": "{SECRET}", "not_after": "2027-02-30T00:00:00Z"}}, "{SECRET}""#),
            r#".not_after: is "2027-02-30T00:00:00Z"; write an RFC 3339 time such as "2027-01-31T00:00:00Z""#
        ),
        signing(
            &format!(r#""secrets": [{{"secret": "{SECRET}", "not_after": "2027-01-31T00:00:00Z"}}]"#),
            ".secrets: has a not_after on every secret; write the one that signs from then on, without not_after"
        ),
        standard("Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5", r#"does not begin with "whsec_""#),
        secret(r#""whsec_canary canary canary canary canary""#, not_base64),
        secret(r#""whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5YQ""#, not_base64),
        standard("whsec_Y2FuYXJ5", "decodes to 6 bytes"),
        standard("whsec_", "decodes to 0 bytes"),
        standard(&format!("whsec_{}", "Y2FuYXJ5".repeat(11)), "decodes to 66 bytes"),
        secret(
            r#""${GONE}""#,
            ": needs the environment variable GONE, which is not set; list GONE under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts"
        ),
        plain(
            "${TWO_LINES}",
            "has a space, a line break or a control character at an end or within; write the \
             secret without it"
        ),
        plain("", "is 0 bytes long; write 1 to 1024"),
        plain(&"canary".repeat(200), "is 1200 bytes long; write 1 to 1024"),
        webhook(
            r#""headers": {"X-Signature": "a"}, "signing": {"scheme": "x_signature_sha1", "secrets": ["${CRM_KEY}"]}"#,
            &["webhooks[0].signing.scheme: writes the header x-signature, which headers has too; \
               write one of them"]
        ),
    ]
}
