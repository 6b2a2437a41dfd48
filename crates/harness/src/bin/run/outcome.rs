//! Outcomes of deliveries to the user's own webhook, in words.

use freshpaint_harness::show::printable;
use serde::Deserialize;

/// The outcome of a request to the user's own webhook, from a line of the egress' access log.
pub(crate) fn describe(line: &str) -> Option<String> {
    let Log {
        status,
        flags,
        details,
        milliseconds,
    } = serde_json::from_str(line).ok()?;
    Some(match (status, flags.as_deref().unwrap_or("-")) {
        (200..=299, "-") => format!("webhook    accepted it: {status} in {milliseconds} ms"),
        (_, "-") => format!("webhook    refused it: {status} in {milliseconds} ms"),
        // The module has given up: over HTTP/2 that is a reset of its stream.
        (_, "DR" | "DC") => format!("webhook    did not answer within {milliseconds} ms"),
        (_, flags) => {
            let details = printable(&details.unwrap_or_default());
            let hint = if details.contains("address_denied") {
                "\n           a private address; `make run ALLOW_PRIVATE=1` allows it for a trial"
            } else {
                ""
            };
            format!("webhook    was not reached ({flags}): {details}{hint}")
        }
    })
}

#[derive(Deserialize)]
struct Log {
    status: u16,
    flags: Option<String>,
    details: Option<String>,
    milliseconds: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_of_the_egress_is_a_sentence() {
        let log = |status: u16, flags: Option<&str>, details: &str| {
            serde_json::json!({"status": status, "flags": flags, "details": details, "milliseconds": 7})
                .to_string()
        };
        let cases = [
            (log(204, None, "via_upstream"), "webhook    accepted it: 204 in 7 ms"),
            (log(500, Some("-"), "via_upstream"), "webhook    refused it: 500 in 7 ms"),
            (log(0, Some("DR"), "http2.remote_reset"), "webhook    did not answer within 7 ms"),
            (log(503, Some("UF"), "TLS_error"), "webhook    was not reached (UF): TLS_error"),
            (
                log(503, Some("DF"), "dns_resolution_failure{address_denied}"),
                "webhook    was not reached (DF): dns_resolution_failure{address_denied}\n           a private address; `make run ALLOW_PRIVATE=1` allows it for a trial",
            ),
        ];
        for (line, sentence) in cases {
            assert_eq!(describe(&line).as_deref(), Some(sentence), "{line}");
        }
        assert_eq!(describe("[warning] something else"), None);
    }
}
