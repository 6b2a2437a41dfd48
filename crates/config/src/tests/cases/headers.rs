//! `webhooks[].headers`.

use super::{webhook, Case, URL};

pub(super) fn cases() -> Vec<Case> {
    let header = |name: &str, value: &str, place: &str, said: &str| {
        let said = format!("webhooks[0].headers{place}: {said}");
        webhook(&format!(r#""headers": {{"{name}": {value}}}"#), &[&said])
    };
    let many: Vec<_> = (0..65).map(|index| format!(r#""x-{index}": """#)).collect();
    let large: Vec<_> = (0..5)
        .map(|index| format!(r#""x-{index}": "{}""#, "a".repeat(8_000)))
        .collect();
    let mut cases = vec![
        webhook(r#""headers": ["X-A: b"]"#, &["webhooks[0].headers: is a list; write an object of header names and values, such as {\"X-Api-Key\": \"${CRM_KEY}\"}"]),
        header("X-Version", "2", ".X-Version", "is a number; write it in quotes"),
        header(":path", r#""/""#, r#"[":path"]"#, "is a pseudo-header; write the url, which sets it"),
        header("", r#""a""#, r#"[""]"#, r#"is not a header name; write letters, digits and "-""#),
        header("X A", r#""a""#, r#"["X A"]"#, r#"is not a header name; write letters, digits and "-""#),
        header("X-\\u00e9", r#""a""#, "[\"X-\u{e9}\"]", r#"is not a header name; write letters, digits and "-""#),
        header(&"x".repeat(129), r#""a""#, &format!(".{}", "x".repeat(129)), "is 129 bytes long; write a name of at most 128"),
        header("X-Envoy-Max-Retries", r#""3""#, ".X-Envoy-Max-Retries", "steers Envoy and never reaches a webhook; write another name"),
        webhook(
            r#""headers": {"X-A": "1", "x-a": "2"}"#,
            &["webhooks[0].headers.x-a: is given twice, in other letter case; write it once"]
        ),
        webhook(r#""headers": {"X-A": "1", "X-A": "2"}"#, &["webhooks[0].headers.X-A: is given twice; write it once"]),
        header("X-A", r#""a\r\nb""#, ".X-A", "holds the control byte 0x0d; write one line of text"),
        header("X-A", r#""a\u0000""#, ".X-A", "holds the control byte 0x00; write one line of text"),
        header("X-A", r#""a\u007f""#, ".X-A", "holds the control byte 0x7f; write one line of text"),
        header(
            "X-A",
            r#""${TWO_LINES}""#,
            ".X-A",
            "holds the control byte 0x0a from an environment variable; write one line of text into \
             the variable"
        ),
        header(
            "X-A",
            r#""${GONE}""#,
            ".X-A",
            "needs the environment variable GONE, which is not set; list GONE under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts"
        ),
        header(
            "X-A",
            r#""${EMPTY}""#,
            ".X-A",
            "needs the environment variable EMPTY, which is empty; export it with a value where \
             Envoy starts"
        ),
        header(
            "X-A",
            r#""${CRM-KEY}""#,
            ".X-A",
            r#"has a "${" without a name and a "}" right after it; write ${NAME} with letters, digits and _ alone, or $${ for a literal ${"#
        ),
        header("X-A", r#""${LONG}""#, ".X-A", "is 12000 bytes long; write at most 8192"),
        webhook(&format!(r#""headers": {{{}}}"#, many.join(", ")), &["webhooks[0].headers: has 65 headers; write at most 64"]),
        webhook(&format!(r#""headers": {{{}}}"#, large.join(", ")), &["webhooks[0].headers: is 40015 bytes in all; write at most 32768"]),
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
        ));
    }
    let said = [
        "webhooks[0].headers.TraceParent: belongs to the trace that observe.trace sends; write the \
         webhook without it",
        "webhooks[0].headers.tracestate: belongs to the trace that observe.trace sends; write the \
         webhook without it",
    ];
    cases.push(Case::new(
        format!(
            r#"{{"webhooks": [{{{URL}, "headers": {{"TraceParent": "a", "X-A": "b", "tracestate": "c"}}}}],
               "observe": {{"trace": true}}}}"#
        ),
        &said,
    ));
    cases
}
