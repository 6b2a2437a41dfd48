//! Requests that say little in much: what stands beside their events, ids that are compared with
//! thousands of others, and gzip that unpacks to nothing.

use super::stalls::{repeated, stall, MOST_STALL};
use crate::bed::Bed;
use crate::table::{millis, Case, Measures};
use serde_json::json;

/// Of a field beside the events. All of the request has less than 1 MiB.
const LONG: usize = 860_000;

pub(crate) const THE_EVENTS: Case = Case {
    name: "long fields beside 2,500 events, ids of 450 KB, blocks of gzip, one at a time",
    in_short: true,
    run: |_| {
        let bed = Bed::configured(1, |plugin| {
            plugin["webhooks"][0]["sources"] = json!(["another"]);
        });
        let longest = requests()
            .iter()
            .map(|(path, body)| stall(&bed, path, body))
            .max();
        let mut measures = Measures::default();
        let stall = millis(longest.unwrap_or_default());
        measures.at_most("longest", stall, millis(MOST_STALL), "ms");
        bed.judge_envoy(&mut measures);
        measures
    },
};

fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let members = repeated(r#""":0"#, LONG / 5);
    let digits = "1".repeat(LONG);
    let event = r#"{"type":"track","event":"a","anonymousId":"d","messageId":"m"}"#;
    let beside = |field: String| {
        let events = repeated(event, 2_500);
        let body = format!(r#"{{{field},"batch":[{events}]}}"#);
        ("/v1/batch", body.into_bytes())
    };
    let id = format!("\\u0061{}", "x".repeat(LONG / 2));
    let group = format!(
        r#"{{"type":"group","groupId":"g","userId":"{id}","anonymousId":"b{id}","traits":{{{}}}}}"#,
        repeated(r#""userId":1"#, 9_000)
    );
    // Four empty blocks with fixed codes (RFC 1951, 3.2.6) take five bytes.
    let mut blocks = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    blocks.extend([0x02, 0x08, 0x20, 0x80, 0x00].repeat(200_000));
    blocks.extend(b"\x03\0\0\0\0\0\0\0\0\0");
    vec![
        beside(format!(r#""writeKey":"{digits}""#)),
        beside(format!(r#""integrations":{{{members}}}"#)),
        beside(format!(
            r#""context":{{"consent":{{"categoryPreferences":{{{members}}}}}}}"#
        )),
        beside(format!(r#""sentAt":"{digits}""#)),
        ("/v1/group", group.into_bytes()),
        ("/track", blocks),
    ]
}
