//! The table of what is refused.

/// What the published schema makes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    /// It refuses the configuration too.
    Sees,
    /// It cannot express the rule, or is given no JSON at all.
    Blind,
}

/// A configuration and every line that is said about it.
pub(super) struct Case {
    pub(super) written: String,
    pub(super) said: Vec<String>,
    pub(super) schema: Schema,
}

impl Case {
    fn new(written: impl Into<String>, said: &[&str], schema: Schema) -> Self {
        Self {
            written: written.into(),
            said: said.iter().map(ToString::to_string).collect(),
            schema,
        }
    }

    /// Every case of every group.
    pub(super) fn all() -> Vec<Self> {
        [whole(), webhooks(), urls(), headers(), numbers(), collect()]
            .into_iter()
            .flatten()
            .collect()
    }
}

use Schema::{Blind, Sees};

const URL: &str = r#""url": "https://example.com/in""#;

/// The members of one webhook, beside a good url.
fn webhook(members: &str, said: &[&str], schema: Schema) -> Case {
    Case::new(
        format!(r#"{{"webhooks": [{{{URL}, {members}}}]}}"#),
        said,
        schema,
    )
}

/// Members of the root, beside a good webhook.
fn root(members: &str, said: &[&str], schema: Schema) -> Case {
    Case::new(
        format!(r#"{{"webhooks": [{{{URL}}}], {members}}}"#),
        said,
        schema,
    )
}

fn whole() -> Vec<Case> {
    vec![
        Case::new("", &[r#"configuration: is empty; write at least {"webhooks": [{"url": "https://example.com/events"}]}"#], Blind),
        Case::new(
            "{\n  \"webhooks\": [\n    {\"url\" \"https://example.com\"}\n  ]\n}",
            &["configuration: is not JSON: expected `:` at line 3 column 12; write one JSON object in google.protobuf.StringValue, or YAML in google.protobuf.Struct"],
            Blind,
        ),
        Case::new(
            "\nwebhooks:\n- url: https://example.com",
            &["configuration: is not JSON: expected value at line 2 column 1; write one JSON object in google.protobuf.StringValue, or YAML in google.protobuf.Struct"],
            Blind,
        ),
        Case::new(
            "\n\u{12}",
            &["configuration: is neither JSON text nor a google.protobuf.Struct; write YAML in google.protobuf.Struct, or one JSON object in google.protobuf.StringValue"],
            Blind,
        ),
        Case::new("[]", &["configuration: is a list; write an object"], Sees),
        Case::new("{}", &[r#"webhooks: is missing; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#], Sees),
        root(r#""Option": {}"#, &[r#"Option: is not a known key; write "options""#], Sees),
        root(
            r#""forward_to": 1"#,
            &[r#"forward_to: is not a known key; write one of "webhooks", "cluster", "options", "acknowledge", "collect", "limits", "retry", "dedupe""#],
            Sees,
        ),
        root(r#""a\nb c": 1"#, &[r#"["a\nb c"]: is not a known key; write one of "webhooks", "cluster", "options", "acknowledge", "collect", "limits", "retry", "dedupe""#], Sees),
        root(r#""cluster": "a", "cluster": "b""#, &["cluster: is given twice; write it once"], Blind),
        root(r#""cluster": """#, &["cluster: is empty; write the name of an Envoy cluster, or leave the key out"], Sees),
        root(r#""cluster": null"#, &["cluster: is null; write the name of an Envoy cluster"], Sees),
        root(r#""options": true"#, &["options: is a boolean; write an object"], Sees),
        root(r#""options": {"enable_pageview_event": true}"#, &[r#"options.enable_pageview_event: is not a known key; write "enable_pageview_events""#], Sees),
        root(r#""options": {"enable_identify_events": "true"}"#, &["options.enable_identify_events: is a string; write true or false"], Sees),
        root(r#""acknowledge": "settle""#, &[r#"acknowledge: is "settle"; write one of "first_acceptance", "settled""#], Sees),
        root(r#""acknowledge": {}"#, &[r#"acknowledge: is an object; write one of "first_acceptance", "settled""#], Sees),
    ]
}

fn webhooks() -> Vec<Case> {
    let many = vec![format!("{{{URL}}}"); 33].join(", ");
    vec![
        Case::new(r#"{"webhooks": []}"#, &[r#"webhooks: is empty; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#], Sees),
        Case::new(format!(r#"{{"webhooks": [{many}]}}"#), &["webhooks: has 33 webhooks; write at most 32"], Sees),
        Case::new(
            r#"{"webhooks": {"url": "https://example.com/in"}}"#,
            &[r#"webhooks: is an object; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#],
            Sees,
        ),
        Case::new(r#"{"webhooks": ["https://example.com/in"]}"#, &["webhooks[0]: is a string; write an object"], Sees),
        webhook(r#""retries": 3"#, &[r#"webhooks[0].retries: is not a known key; write one of "name", "url", "cluster", "headers", "timeout", "options""#], Sees),
        webhook(r#""name": """#, &[r#"webhooks[0].name: is ""; write 1 to 40 of the characters a-z, 0-9 and _"#], Sees),
        webhook(r#""name": "my-crm""#, &[r#"webhooks[0].name: is "my-crm"; write 1 to 40 of the characters a-z, 0-9 and _"#], Sees),
        webhook(
            r#""name": "a0123456789012345678901234567890123456789""#,
            &[r#"webhooks[0].name: is "a012345678901234567890123456789012345678..."; write 1 to 40 of the characters a-z, 0-9 and _"#],
            Sees,
        ),
        webhook(r#""name": 5"#, &["webhooks[0].name: is a number; write 1 to 40 of the characters a-z, 0-9 and _"], Sees),
        Case::new(
            format!(r#"{{"webhooks": [{{"name": "crm", {URL}}}, {{"name": "crm", {URL}}}]}}"#),
            &[r#"webhooks[1].name: is "crm", the name of webhooks[0] too; write another name"#],
            Blind,
        ),
        Case::new(
            format!(r#"{{"webhooks": [{{"name": "webhook_1", {URL}}}, {{{URL}}}]}}"#),
            &[r#"webhooks[0].name: is "webhook_1", the name that webhooks[1] has by default; write another name, or name that one too"#],
            Blind,
        ),
        webhook(r#""cluster": " ""#, &["webhooks[0].cluster: is empty; write the name of an Envoy cluster, or leave the key out"], Sees),
        webhook(
            r#""cluster": "a\u0000b""#,
            &["webhooks[0].cluster: has control characters or over 1024 bytes; write the name of an Envoy cluster"],
            Sees,
        ),
        webhook(
            r#""options": {"enable_identify_events": 1}"#,
            &["webhooks[0].options.enable_identify_events: is a number; write true or false"],
            Sees,
        ),
    ]
}

fn urls() -> Vec<Case> {
    let url = |url: &str, said: &str, schema| {
        let said = format!("webhooks[0].url: {said}");
        Case::new(
            format!(r#"{{"webhooks": [{{"url": {url}}}]}}"#),
            &[&said],
            schema,
        )
    };
    let long = format!(r#""https://example.com/{}""#, "a".repeat(8_200));
    vec![
        Case::new(r#"{"webhooks": [{}]}"#, &[r#"webhooks[0].url: is missing; write an absolute url such as "https://example.com/events""#], Sees),
        url("7", r#"is a number; write an absolute url such as "https://example.com/events""#, Sees),
        url(r#""""#, "is not absolute; write an absolute url such as https://example.com/events", Sees),
        url(r#""/events""#, "is not absolute; write an absolute url such as https://example.com/events", Sees),
        url(r#""example.com/events""#, "is not absolute; write an absolute url such as https://example.com/events", Sees),
        url(r#""https:example.com""#, "is not absolute; write an absolute url such as https://example.com/events", Sees),
        url(r#""ftp://example.com/""#, "is neither http nor https; write an absolute url such as https://example.com/events", Sees),
        url(r#""https:///events""#, "has no host after https://; write an absolute url such as https://example.com/events", Sees),
        url(r#""https://:8443/""#, "is not a url (empty host); write an absolute url such as https://example.com/events", Blind),
        url(r#""https://example.com:99999/""#, "is not a url (invalid port number); write an absolute url such as https://example.com/events", Blind),
        url(r#""https://example.com:0/""#, "has port 0; write the webhook's port, or none for the scheme's own", Blind),
        url(r#""http://1.2.3.999/""#, "is not a url (invalid IPv4 address); write an absolute url such as https://example.com/events", Blind),
        url(r#""http://[::1/""#, "is not a url (invalid IPv6 address); write an absolute url such as https://example.com/events", Blind),
        url(r#""https://exa|mple.com/""#, "is not a url (invalid international domain name); write an absolute url such as https://example.com/events", Blind),
        url(r#""https://\uff45xample.com/""#, "has a host of letters that are not turned into punycode here; write it as xn--", Blind),
        url(
            r#""https://user:pass@example.com/""#,
            r#"holds user-info before an "@"; write credentials as a header, with ${NAME} for the secret"#,
            Sees,
        ),
        url(r#""https://example.com/a#b""#, r##"has a fragment, which is never sent; write it without "#" and what follows"##, Sees),
        url(r#"" https://example.com/""#, "holds whitespace, a control character or a backslash; write it percent-encoded", Sees),
        url(r#""https://example.com/a\tb""#, "holds whitespace, a control character or a backslash; write it percent-encoded", Sees),
        url(r#""https://example.com\\b""#, "holds whitespace, a control character or a backslash; write it percent-encoded", Sees),
        url(r#""https://example.com/100%""#, r#"has a "%" without two hexadecimal digits; write %25 for a literal "%""#, Blind),
        url(&long, "is 8220 bytes long; write at most 8192", Blind),
        url(
            r#""https://example.com/${GONE}""#,
            "needs the environment variable GONE, which is not set; write it into vm_config.environment_variables of the Envoy file",
            Blind,
        ),
    ]
}

fn headers() -> Vec<Case> {
    let header = |name: &str, value: &str, place: &str, said: &str, schema| {
        let said = format!("webhooks[0].headers{place}: {said}");
        webhook(
            &format!(r#""headers": {{"{name}": {value}}}"#),
            &[&said],
            schema,
        )
    };
    let many: Vec<_> = (0..65).map(|index| format!(r#""x-{index}": """#)).collect();
    let large: Vec<_> = (0..5)
        .map(|index| format!(r#""x-{index}": "{}""#, "a".repeat(8_000)))
        .collect();
    let mut cases = vec![
        webhook(r#""headers": ["X-A: b"]"#, &["webhooks[0].headers: is a list; write an object of header names and values"], Sees),
        header("X-Version", "2", ".X-Version", "is a number; write a string, in quotes where YAML would take it for something else", Sees),
        header(":path", r#""/""#, r#"[":path"]"#, "is a pseudo-header; write the url, which sets it", Sees),
        header("", r#""a""#, r#"[""]"#, r#"is not a header name; write letters, digits and "-""#, Sees),
        header("X A", r#""a""#, r#"["X A"]"#, r#"is not a header name; write letters, digits and "-""#, Sees),
        header("X-\\u00e9", r#""a""#, "[\"X-\u{e9}\"]", r#"is not a header name; write letters, digits and "-""#, Sees),
        header(&"x".repeat(129), r#""a""#, &format!(".{}", "x".repeat(129)), "is 129 bytes long; write a name of at most 128", Sees),
        header("X-Envoy-Max-Retries", r#""3""#, ".X-Envoy-Max-Retries", "steers Envoy and never reaches a webhook; write another name", Blind),
        webhook(
            r#""headers": {"X-A": "1", "x-a": "2"}"#,
            &["webhooks[0].headers.x-a: is given twice, in other letter case; write it once"],
            Blind,
        ),
        webhook(r#""headers": {"X-A": "1", "X-A": "2"}"#, &["webhooks[0].headers.X-A: is given twice; write it once"], Blind),
        header("X-A", r#""a\r\nb""#, ".X-A", "holds the control byte 0x0d; write one line of text", Sees),
        header("X-A", r#""a\u0000""#, ".X-A", "holds the control byte 0x00; write one line of text", Sees),
        header("X-A", r#""a\u007f""#, ".X-A", "holds the control byte 0x7f; write one line of text", Sees),
        header(
            "X-A",
            r#""${TWO_LINES}""#,
            ".X-A",
            "holds the control byte 0x0a from an environment variable; write one line of text into the variable",
            Blind,
        ),
        header(
            "X-A",
            r#""${GONE}""#,
            ".X-A",
            "needs the environment variable GONE, which is not set; write it into vm_config.environment_variables of the Envoy file",
            Blind,
        ),
        header(
            "X-A",
            r#""${EMPTY}""#,
            ".X-A",
            "needs the environment variable EMPTY, which is empty; write it into vm_config.environment_variables of the Envoy file",
            Blind,
        ),
        header(
            "X-A",
            r#""${CRM-KEY}""#,
            ".X-A",
            r#"has a "${" that begins no ${NAME}; write ${NAME} with letters, digits and _, or $${ for a literal ${"#,
            Blind,
        ),
        header("X-A", r#""${LONG}""#, ".X-A", "is 12000 bytes long; write at most 8192", Blind),
        webhook(&format!(r#""headers": {{{}}}"#, many.join(", ")), &["webhooks[0].headers: has 65 headers; write at most 64"], Sees),
        webhook(&format!(r#""headers": {{{}}}"#, large.join(", ")), &["webhooks[0].headers: is 40015 bytes in all; write at most 32768"], Blind),
    ];
    let reserved = [
        ("Host", "is written by Envoy from the url and the body"),
        (
            "Content-Length",
            "is written by Envoy from the url and the body",
        ),
        ("Expect", "is written by Envoy from the url and the body"),
        ("Connection", "concerns one connection, which is Envoy's"),
        ("Keep-Alive", "concerns one connection, which is Envoy's"),
        (
            "Proxy-Authenticate",
            "concerns one connection, which is Envoy's",
        ),
        (
            "Proxy-Authorization",
            "concerns one connection, which is Envoy's",
        ),
        (
            "Proxy-Connection",
            "concerns one connection, which is Envoy's",
        ),
        ("TE", "concerns one connection, which is Envoy's"),
        ("Trailer", "concerns one connection, which is Envoy's"),
        (
            "Transfer-Encoding",
            "concerns one connection, which is Envoy's",
        ),
        ("Upgrade", "concerns one connection, which is Envoy's"),
        ("Webhook-Id", "belongs to signed webhooks"),
        ("Webhook-Timestamp", "belongs to signed webhooks"),
        ("Webhook-Signature", "belongs to signed webhooks"),
    ];
    for (name, why) in reserved {
        cases.push(header(
            name,
            r#""a""#,
            &format!(".{name}"),
            &format!("{why}; write the webhook without it"),
            Blind,
        ));
    }
    cases
}

fn numbers() -> Vec<Case> {
    let timeout = |value: &str, found: &str, example: &str, schema| {
        let said = format!(
            r#"webhooks[0].timeout: is {found}; write seconds from "0.001s" to "5s" (default "5s"), such as "{example}""#
        );
        webhook(&format!(r#""timeout": {value}"#), &[&said], schema)
    };
    let count = |object: &str, key: &str, value: &str, said: &str, schema| {
        let said = format!("{object}.{key}: {said}");
        root(
            &format!(r#""{object}": {{"{key}": {value}}}"#),
            &[&said],
            schema,
        )
    };
    let mut cases = vec![
        timeout("3", "a number", "3s", Sees),
        timeout("2500", "a number", "2.5s", Sees),
        timeout("-1", "a number", "5s", Sees),
        timeout(r#""3""#, r#""3""#, "3s", Sees),
        timeout(r#""3000ms""#, r#""3000ms""#, "3s", Sees),
        timeout(r#""5m""#, r#""5m""#, "5s", Sees),
        timeout(r#""-1s""#, r#""-1s""#, "5s", Sees),
        timeout(r#""0s""#, r#""0s""#, "5s", Blind),
        timeout(r#""0.0009s""#, r#""0.0009s""#, "5s", Blind),
        timeout(r#""5.001s""#, r#""5.001s""#, "5s", Blind),
        webhook(
            r#""timeout": null"#,
            &[
                r#"webhooks[0].timeout: is null; write seconds from "0.001s" to "5s" (default "5s"), such as "5s""#,
            ],
            Sees,
        ),
        count(
            "retry",
            "window",
            r#""15m""#,
            r#"is "15m"; write seconds from "0s" to "86400s" (default "900s"), such as "900s""#,
            Sees,
        ),
        root(
            r#""retry": {"initial_backoff": "20s", "max_backoff": "10s"}"#,
            &[
                r#"retry.max_backoff: is "10s", less than retry.initial_backoff; write at least "20s""#,
            ],
            Blind,
        ),
        count(
            "limits",
            "max_event",
            "1",
            r#"is not a known key; write "max_events""#,
            Sees,
        ),
        count(
            "retry",
            "windows",
            "1",
            r#"is not a known key; write "window""#,
            Sees,
        ),
        count(
            "dedupe",
            "slot",
            "1",
            r#"is not a known key; write "slots""#,
            Sees,
        ),
        count(
            "limits",
            "max_events",
            r#""5""#,
            "is a string; write a whole number from 1 to 100000 (default 2500)",
            Sees,
        ),
        count(
            "limits",
            "max_events",
            "2.5",
            "is not a whole number; write a whole number from 1 to 100000 (default 2500)",
            Sees,
        ),
        count(
            "limits",
            "max_events",
            "1e300",
            "is out of bounds; write a whole number from 1 to 100000 (default 2500)",
            Sees,
        ),
        count(
            "limits",
            "max_events",
            "-1",
            "is -1; write a whole number from 1 to 100000 (default 2500)",
            Sees,
        ),
    ];
    let bounds = [
        ("limits", "max_body_bytes", 1, 67_108_864, 1_048_576),
        ("limits", "max_decoded_bytes", 1, 67_108_864, 5_242_880),
        ("limits", "max_events", 1, 100_000, 2_500),
        ("limits", "max_in_flight_per_webhook", 1, 10_000, 256),
        (
            "limits",
            "max_in_flight_bytes",
            65_536,
            268_435_456,
            67_108_864,
        ),
        ("retry", "max_held_bytes", 65_536, 268_435_456, 33_554_432),
        ("retry", "max_held_events", 1, 1_000_000, 20_000),
        ("dedupe", "slots", 1_024, 1_048_576, 65_536),
    ];
    for (object, key, min, max, default) in bounds {
        for found in [min - 1, max + 1] {
            let said =
                format!("is {found}; write a whole number from {min} to {max} (default {default})");
            cases.push(count(object, key, &found.to_string(), &said, Sees));
        }
    }
    let spans = [
        ("retry", "window", "0s", "86400s", "900s", vec!["86400.1s"]),
        (
            "retry",
            "initial_backoff",
            "0.1s",
            "300s",
            "1s",
            vec!["0.09s", "300.1s"],
        ),
        (
            "retry",
            "max_backoff",
            "1s",
            "3600s",
            "60s",
            vec!["0.9s", "3601s"],
        ),
        ("dedupe", "window", "0s", "86400s", "900s", vec!["86401s"]),
    ];
    for (object, key, min, max, default, wrong) in spans {
        for found in wrong {
            let said = format!(
                r#"is "{found}"; write seconds from "{min}" to "{max}" (default "{default}"), such as "{default}""#
            );
            cases.push(count(object, key, &format!(r#""{found}""#), &said, Blind));
        }
    }
    for object in ["limits", "retry", "dedupe", "collect"] {
        cases.push(root(
            &format!(r#""{object}": []"#),
            &[&format!("{object}: is a list; write an object")],
            Sees,
        ));
    }
    cases
}

fn collect() -> Vec<Case> {
    let collect = |key: &str, value: &str, said: &str, schema| {
        root(
            &format!(r#""collect": {{"{key}": {value}}}"#),
            &[&format!("collect.{said}")],
            schema,
        )
    };
    let origin = |text: &str, said: &str, schema| {
        let said = format!(
            r#"allowed_origins[0]: {said}; write scheme://host or scheme://host:port without a path, such as "https://example.com" or "https://*.example.com""#
        );
        collect("allowed_origins", &format!("[{text}]"), &said, schema)
    };
    let many = vec![r#""https://example.com""#; 257].join(", ");
    let long = format!(r#""/{}""#, "a".repeat(256));
    let names =
        r#""track", "react_native", "mobile", "segment", "rudderstack_beacon", "jitsu", "posthog""#;
    vec![
        collect("prefix", r#""/in""#, r#"prefix: is not a known key; write one of "path_prefix", "dialects", "integration_name", "allowed_origins""#, Sees),
        collect("path_prefix", "null", r#"path_prefix: is null; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""in""#, r#"path_prefix: is "in", which does not begin with "/"; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""/in/""#, r#"path_prefix: is "/in/", which ends with "/"; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""/""#, r#"path_prefix: is "/", which ends with "/"; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""/in?a=b""#, r##"path_prefix: is "/in?a=b", which is more than a path; write it without "?" and "#""##, Sees),
        collect("path_prefix", r#""/a//b""#, r#"path_prefix: is "/a//b", which has an empty, "." or ".." segment; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""/a/../b""#, r#"path_prefix: is "/a/../b", which has an empty, "." or ".." segment; write a path such as "/ingest", or "" for none"#, Sees),
        collect("path_prefix", r#""/a b""#, r#"path_prefix: is "/a b", which is not a url's path; write other characters percent-encoded"#, Sees),
        collect("path_prefix", r#""/a%2""#, r#"path_prefix: is "/a%2", which is not a url's path; write other characters percent-encoded"#, Sees),
        collect("path_prefix", &long, "path_prefix: is too long; write at most 256 bytes", Sees),
        collect("dialects", r#""segment""#, "dialects: is a string; write a list of dialects", Sees),
        collect("dialects", "[]", "dialects: is empty; write at least one dialect, or leave the key out for all", Sees),
        collect("dialects", r#"["mixpanel"]"#, &format!(r#"dialects[0]: is "mixpanel"; write one of {names}"#), Sees),
        collect("dialects", r#"["track", "track"]"#, r#"dialects[1]: is "track" again; write each dialect once"#, Sees),
        collect("integration_name", r#""""#, r#"integration_name: is ""; write a name of 1 to 100 characters, such as "Webhooks""#, Sees),
        collect("allowed_origins", r#""*""#, r#"allowed_origins: is a string; write a list of origins such as "https://example.com""#, Sees),
        collect("allowed_origins", "[]", "allowed_origins: is empty; write at least one origin, or leave the key out to take every origin", Sees),
        collect("allowed_origins", &format!("[{many}]"), "allowed_origins: has 257 origins; write at most 256", Sees),
        origin("1", "is a number", Sees),
        origin(r#""*""#, r#"is "*""#, Sees),
        origin(r#""null""#, r#"is "null""#, Sees),
        origin(r#""example.com""#, r#"is "example.com""#, Sees),
        origin(r#""https://example.com/""#, r#"is "https://example.com/""#, Sees),
        origin(r#""https://a.*.example.com""#, r#"is "https://a.*.example.com""#, Sees),
        origin(r#""https://*.127.0.0.1""#, r#"is "https://*.127.0.0.1""#, Blind),
        origin(r#""https://example.com:99999""#, r#"is "https://example.com:99999""#, Blind),
    ]
}
