//! What each dialect says for success and for failure.
//!
//! Clients look at these: React Native wants exactly `success`, Mixpanel's servers `1` or a `status` of 1, Jitsu any JSON object,
//! and several take any status but 200 for a failure.

use std::fmt::Write as _;

use super::Report;
use crate::config::Dialect;
use crate::local_reply::LocalReply;

impl Dialect {
    /// Everything was taken. Where the answer has room for it, it says which events were invalid.
    pub(super) fn success(self, verbose: bool, report: &Report) -> LocalReply {
        let fixed = match self {
            Self::Track if verbose => {
                let error = match report.reasons() {
                    [] => "null".to_owned(),
                    [(_, reason), ..] => json_string(&reason.to_string()),
                };
                return LocalReply::json(200, format!("{{\"status\":1,\"error\":{error}}}"));
            }
            Self::Track => return LocalReply::text(200, "1"),
            Self::ReactNative => return LocalReply::text(200, "success"),
            Self::RudderstackBeacon => return LocalReply::text(200, "OK"),
            Self::Mobile | Self::Segment => "\"success\":true",
            Self::Jitsu => "\"ok\":true",
            Self::Posthog => "\"status\":1",
        };
        if report.reasons().is_empty() {
            return LocalReply::json(200, format!("{{{fixed}}}"));
        }
        let mut body = format!("{{{fixed},\"invalid\":[");
        for (position, (index, reason)) in report.reasons().iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            let reason = json_string(&reason.to_string());
            // Writing to a String does not fail.
            let _ = write!(body, "{comma}{{\"index\":{index},\"error\":{reason}}}");
        }
        body.push_str("]}");
        LocalReply::json(200, body)
    }

    /// Something is wrong with the request as a whole, or it has to come again; `sentence` says what.
    ///
    /// RudderStack's Python SDK sends again after a 4xx whose JSON lacks `code` or `message`.
    pub(super) fn failure(self, verbose: bool, status: u16, sentence: &str) -> LocalReply {
        let said = json_string(sentence);
        match self {
            Self::Track if verbose => {
                LocalReply::json(status, format!("{{\"status\":0,\"error\":{said}}}"))
            }
            Self::Track | Self::ReactNative | Self::RudderstackBeacon => {
                LocalReply::text(status, sentence.to_owned())
            }
            Self::Mobile | Self::Segment => LocalReply::json(
                status,
                format!("{{\"success\":false,\"code\":\"{status}\",\"message\":{said}}}"),
            ),
            Self::Jitsu => LocalReply::json(status, format!("{{\"ok\":false,\"error\":{said}}}")),
            Self::Posthog => {
                LocalReply::json(status, format!("{{\"status\":0,\"detail\":{said}}}"))
            }
        }
    }
}

fn json_string(text: &str) -> String {
    // A string always serializes.
    serde_json::to_string(text).unwrap_or_default()
}
