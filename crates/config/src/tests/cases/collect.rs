//! `collect`.

use freshpaint_core::config::Collect;
use freshpaint_core::intake::dialect;

use super::{keys, root, Case};

pub(super) fn cases() -> Vec<Case> {
    let collect = |key: &str, value: &str, said: &str| {
        root(
            &format!(r#""collect": {{"{key}": {value}}}"#),
            &[&format!("collect.{said}")],
        )
    };
    let origin = |text: &str, said: &str| {
        let said = format!(
            r#"allowed_origins[0]: {said}; write scheme://host or scheme://host:port without a path, such as "https://example.com" or "https://*.example.com""#
        );
        collect("allowed_origins", &format!("[{text}]"), &said)
    };
    let many = vec![r#""https://example.com""#; 257].join(", ");
    let long = format!(r#""/{}""#, "a".repeat(256));
    let names = dialect::ALL
        .map(|dialect| format!("\"{}\"", dialect.name))
        .join(", ");
    vec![
        collect("prefix", r#""/in""#, &keys("prefix", Collect::KEYS)),
        collect("path_prefix", "null", r#"path_prefix: is null; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""in""#, r#"path_prefix: is "in", which does not begin with "/"; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""/in/""#, r#"path_prefix: is "/in/", which ends with "/"; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""/""#, r#"path_prefix: is "/", which ends with "/"; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""/in?a=b""#, r##"path_prefix: is "/in?a=b", which is more than a path; write it without "?" and "#""##),
        collect("path_prefix", r#""/a//b""#, r#"path_prefix: is "/a//b", which has an empty, "." or ".." segment; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""/a/../b""#, r#"path_prefix: is "/a/../b", which has an empty, "." or ".." segment; write a path such as "/ingest", or "" for none"#),
        collect("path_prefix", r#""/a b""#, r#"path_prefix: is "/a b", which is not a url's path; write other characters percent-encoded"#),
        collect("path_prefix", r#""/a%2""#, r#"path_prefix: is "/a%2", which is not a url's path; write other characters percent-encoded"#),
        collect("path_prefix", &long, "path_prefix: is too long; write at most 256 bytes"),
        collect("dialects", r#""segment""#, "dialects: is a string; write a list of dialects"),
        collect("dialects", "[]", "dialects: is empty; write at least one dialect, or leave the key out for all"),
        collect("dialects", r#"["mixpanel"]"#, &format!(r#"dialects[0]: is "mixpanel"; write one of {names}"#)),
        collect("dialects", r#"["track", "track"]"#, r#"dialects[1]: is "track" again; write each dialect once"#),
        collect("integration_name", r#""""#, r#"integration_name: is ""; write a name of 1 to 100 characters, such as "Webhooks""#),
        collect("allowed_origins", r#""*""#, r#"allowed_origins: is a string; write a list of origins such as "https://example.com""#),
        collect("allowed_origins", "[]", "allowed_origins: is empty; write at least one origin, or leave the key out to take every origin"),
        collect("allowed_origins", &format!("[{many}]"), "allowed_origins: has 257 origins; write at most 256"),
        origin("1", "is a number"),
        origin(r#""*""#, r#"is "*""#),
        origin(r#""null""#, r#"is "null""#),
        origin(r#""example.com""#, r#"is "example.com""#),
        origin(r#""https://example.com/""#, r#"is "https://example.com/""#),
        origin(r#""https://a.*.example.com""#, r#"is "https://a.*.example.com""#),
        origin(r#""https://*.127.0.0.1""#, r#"is "https://*.127.0.0.1""#),
        origin(r#""https://example.com:99999""#, r#"is "https://example.com:99999""#),
        collect("id_key", "5", r#"id_key: is a number; write a secret, such as "${ID_KEY}""#),
        collect("id_key", r#""canary""#, "id_key: is 6 bytes long; write at least 32"),
        collect("id_key", r#""${CRM_KEY}""#, "id_key: is 10 bytes long; write at least 32"),
    ]
}
