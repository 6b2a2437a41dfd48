//! `profile` and `allow_unsigned`.

use super::{root, Case};

const SIGNED: &str = r#""signing": {"secrets": ["${SIGNING_KEY}"]}"#;
const IN_PLAIN_SIGHT: &str = "holds a secret in plain sight; write";

pub(super) fn cases() -> Vec<Case> {
    let hipaa = |webhook: &str, more: &str, said: &[&str]| {
        let written = format!(
            r#"{{"profile": "hipaa", "webhooks": [{{"name": "crm", "url": "https://example.com/in", {webhook}}}], "collect": {{"id_key": "${{HASH_KEY}}"}}{more}}}"#
        );
        Case::new(written, said)
    };
    vec![
        root(r#""profile": "gdpr""#, &[r#"profile: is "gdpr"; write one of "hipaa""#]),
        root(r#""context": {"ip": "yes"}"#, &["context.ip: is a string; write true or false"]),
        root(r#""context": {"address": true}"#, &[r#"context.address: is not a known key; write one of "ip""#]),
        hipaa(
            SIGNED,
            r#", "context": {"ip": true}"#,
            &["context.ip: is true, and the profile sends no address; write false, or leave it out"]
        ),
        root(
            r#""allow_unsigned": ["webhook_0"]"#,
            &["allow_unsigned: means nothing without a profile; write profile too, or leave it out"]
        ),
        hipaa(
            r#""timeout": "1s""#,
            "",
            &["profile: signs its webhooks, and webhook crm has no signing; write signing, or its \
               name into allow_unsigned"]
        ),
        hipaa(
            SIGNED,
            r#", "allow_unsigned": ["crn"]"#,
            &[r#"allow_unsigned[0]: is "crn", and no webhook has that name; write the name of a webhook"#]
        ),
        hipaa(SIGNED, r#", "allow_unsigned": "crm""#, &["allow_unsigned: is a string; write a list of names of webhooks"]),
        Case::new(
            format!(r#"{{"profile": "hipaa", "webhooks": [{{"url": "http://example.com/in", {SIGNED}}}], "collect": {{"id_key": "${{HASH_KEY}}"}}}}"#),
            &["profile: sends over https alone, and the url of webhook webhook_0 is http; write an \
               https url"]
        ),
        hipaa(
            r#""headers": {"X-Api-Key": "canary"}, "signing": {"secrets": ["whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"]}"#,
            r#", "properties": {"hash": ["anonymousId"], "hash_key": "canarycanarycanarycanarycanarycanary"}"#,
            &[
                &format!(r#"properties.hash_key: {IN_PLAIN_SIGHT} "${{HASH_KEY}}", list HASH_KEY under vm_config.environment_variables.host_env_keys and export it where Envoy starts"#),
                &format!(r#"webhooks[0].headers.X-Api-Key: {IN_PLAIN_SIGHT} "${{X_API_KEY}}", list X_API_KEY under vm_config.environment_variables.host_env_keys and export it where Envoy starts"#),
                &format!(r#"webhooks[0].signing.secrets[0]: {IN_PLAIN_SIGHT} "${{CRM_SIGNING_KEY}}", list CRM_SIGNING_KEY under vm_config.environment_variables.host_env_keys and export it where Envoy starts"#),
            ]
        ),
        Case::new(
            format!(r#"{{"profile": "hipaa", "webhooks": [{{"url": "https://example.com/in", {SIGNED}}}]}}"#),
            &[r#"collect.id_key: is missing, and the profile needs it; write a secret, such as "${ID_KEY}""#]
        ),
        Case::new(
            format!(r#"{{"profile": "hipaa", "webhooks": [{{"url": "https://example.com/?api_key=canary", {SIGNED}}}], "collect": {{"id_key": "canarycanarycanarycanarycanarycanary"}}}}"#),
            &[
                &format!(r#"webhooks[0].url: {IN_PLAIN_SIGHT} "${{API_KEY}}", list API_KEY under vm_config.environment_variables.host_env_keys and export it where Envoy starts"#),
                &format!(r#"collect.id_key: {IN_PLAIN_SIGHT} "${{ID_KEY}}", list ID_KEY under vm_config.environment_variables.host_env_keys and export it where Envoy starts"#),
            ]
        ),
    ]
}
