//! Numbers and durations.

use super::{root, webhook, Case};

pub(super) fn cases() -> Vec<Case> {
    let timeout = |value: &str, found: &str, example: &str| {
        let said = format!(
            r#"webhooks[0].timeout: is {found}; write seconds from "0.001s" to "5s" (default "5s"), such as "{example}""#
        );
        webhook(&format!(r#""timeout": {value}"#), &[&said])
    };
    let count = |object: &str, key: &str, value: &str, said: &str| {
        let said = format!("{object}.{key}: {said}");
        root(&format!(r#""{object}": {{"{key}": {value}}}"#), &[&said])
    };
    let mut cases = vec![
        timeout("3", "a number", "3s"),
        timeout("2500", "a number", "2.5s"),
        timeout("-1", "a number", "5s"),
        timeout(r#""3""#, r#""3""#, "3s"),
        timeout(r#""3000ms""#, r#""3000ms""#, "3s"),
        timeout(r#""5m""#, r#""5m""#, "5s"),
        timeout(r#""-1s""#, r#""-1s""#, "5s"),
        timeout(r#""0s""#, r#""0s""#, "5s"),
        timeout(r#""0.0009s""#, r#""0.0009s""#, "5s"),
        timeout(r#""5.001s""#, r#""5.001s""#, "5s"),
        webhook(
            r#""timeout": null"#,
            &[
                r#"webhooks[0].timeout: is null; write seconds from "0.001s" to "5s" (default "5s"), such as "5s""#,
            ],
        ),
        count(
            "retry",
            "window",
            r#""15m""#,
            r#"is "15m"; write seconds from "0s" to "86400s" (default "900s"), such as "900s""#,
        ),
        root(
            r#""retry": {"initial_backoff": "20s", "max_backoff": "10s"}"#,
            &[
                r#"retry.max_backoff: is "10s", less than retry.initial_backoff; write at least "20s""#,
            ],
        ),
        count(
            "limits",
            "max_event",
            "1",
            r#"is not a known key; write "max_events""#,
        ),
        count(
            "retry",
            "windows",
            "1",
            r#"is not a known key; write "window""#,
        ),
        count(
            "dedupe",
            "slot",
            "1",
            r#"is not a known key; write "slots""#,
        ),
        count(
            "limits",
            "max_events",
            r#""5 events""#,
            "is a string; write a whole number from 1 to 100000 (default 2500)",
        ),
        count(
            "limits",
            "max_events",
            "2.5",
            "is not a whole number; write a whole number from 1 to 100000 (default 2500)",
        ),
        count(
            "limits",
            "max_events",
            "1e300",
            "is out of bounds; write a whole number from 1 to 100000 (default 2500)",
        ),
        count(
            "limits",
            "max_events",
            "-1",
            "is -1; write a whole number from 1 to 100000 (default 2500)",
        ),
    ];
    let bounds = [
        ("limits", "max_body_bytes", 1, 67_108_864, 1_048_576),
        ("limits", "max_decoded_bytes", 1, 67_108_864, 5_242_880),
        ("limits", "max_compression_ratio", 1, 2_000, 100),
        ("limits", "max_values", 100, 1_000_000, 10_000),
        ("limits", "max_events", 1, 100_000, 2_500),
        ("limits", "max_in_flight_per_webhook", 1, 10_000, 256),
        ("limits", "max_in_flight", 64, 100_000, 2_048),
        (
            "limits",
            "max_in_flight_bytes",
            65_536,
            268_435_456,
            67_108_864,
        ),
        ("retry", "max_held_bytes", 65_536, 268_435_456, 33_554_432),
        ("retry", "max_held_events", 1, 1_000_000, 20_000),
        ("dedupe", "slots", 1_024, 4_194_304, 1_048_576),
    ];
    for (object, key, min, max, default) in bounds {
        for found in [min - 1, max + 1] {
            let said =
                format!("is {found}; write a whole number from {min} to {max} (default {default})");
            cases.push(count(object, key, &found.to_string(), &said));
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
        (
            "limits",
            "max_rule_time",
            "0.001s",
            "10s",
            "0.08s",
            vec!["10.1s"],
        ),
        ("dedupe", "window", "0s", "86400s", "900s", vec!["86401s"]),
    ];
    for (object, key, min, max, default, wrong) in spans {
        for found in wrong {
            let said = format!(
                r#"is "{found}"; write seconds from "{min}" to "{max}" (default "{default}"), such as "{default}""#
            );
            cases.push(count(object, key, &format!(r#""{found}""#), &said));
        }
    }
    let refusal = |list: &str, said: &str| {
        let said = format!("refusals{said}");
        root(
            &format!(r#""retry": {{"refusals": {list}}}"#),
            &[&format!("retry.{said}")],
        )
    };
    cases.extend([
        refusal(
            "422",
            ": is a number; write a list of statuses such as [400, 422], or [] for none",
        ),
        refusal(
            "[true]",
            "[0]: is a boolean; write a status from 400 to 499",
        ),
        refusal("[400, 500]", "[1]: is 500; write a status from 400 to 499"),
        refusal("[399]", "[0]: is 399; write a status from 400 to 499"),
        refusal(
            "[422.5]",
            "[0]: is not a whole number; write a status from 400 to 499",
        ),
        refusal(
            "[422, 400, 422]",
            "[2]: is 422 again; write each status once",
        ),
    ]);
    for (object, keys) in [
        (
            "limits",
            r#""max_body_bytes", "max_decoded_bytes", "max_compression_ratio""#,
        ),
        ("retry", r#""window", "initial_backoff", "max_backoff""#),
        ("dedupe", r#""window", "slots""#),
        (
            "collect",
            r#""path_prefix", "dialects", "integration_name""#,
        ),
    ] {
        cases.push(root(
            &format!(r#""{object}": []"#),
            &[&format!(
                "{object}: is a list; write an object with keys such as {keys}"
            )],
        ));
    }
    cases
}
