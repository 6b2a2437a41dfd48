//! Bodies that are not quite JSON: a wrong value in them costs no event.
use crate::support::{boundless, config, gzip, Outcome, Request, Said};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refusal(body: impl Into<Vec<u8>>) -> (u16, String) {
    Request::post("/track", body).refusal_with(&boundless())
}

/// The properties of each event, and the reason why an event has none.
fn properties(body: impl Into<Vec<u8>>) -> Vec<String> {
    let Outcome::Read(said, answer) = Request::post("/track", body).run() else {
        panic!("refused")
    };
    assert_eq!(answer.status, 200);
    let said = said.into_iter().map(|said| match said {
        Said::Payload(payload) => {
            let (_, properties) = payload.split_once(r#""properties":"#).unwrap();
            properties.strip_suffix('}').unwrap().to_owned()
        }
        Said::Filtered(reason) | Said::Invalid(reason) => reason,
    });
    said.collect()
}

fn event(properties: &str) -> String {
    format!(r#"{{"event":"a","properties":{properties}}}"#)
}

#[test]
fn text_that_is_not_utf_8_costs_no_event() {
    let good = event(r#"{"city":"Zürich"}"#);
    for (bytes, mended) in [
        // Latin-1, a character that was cut in two, and a surrogate.
        (&b"Z\xfcrich"[..], "Z\u{fffd}rich"),
        (b"Z\xc3", "Z\u{fffd}"),
        (
            b"\xed\xa0\x80 1\xe2\x82\",\"b\":\"",
            "\u{fffd}\u{fffd}\u{fffd} 1\u{fffd}\",\"b\":\"",
        ),
    ] {
        let bad = [br#"{"event":"a","properties":{"city":""#, bytes, br#""}}"#].concat();
        let body = [
            b"[",
            good.as_bytes(),
            b",",
            &bad,
            b",",
            good.as_bytes(),
            b"]",
        ]
        .concat();
        let good = r#"{"city":"Zürich"}"#.to_owned();
        let wanted = [good.clone(), format!(r#"{{"city":"{mended}"}}"#), good];
        assert_eq!(properties(&body[..]), wanted);
        assert_eq!(properties(gzip(&body)), wanted);
        let escaped: String = body.iter().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(properties(format!("data={escaped}")), wanted);
    }
}

#[test]
fn replacements_of_bytes_that_are_not_utf_8_count_against_the_limit() {
    let limit = config().limits.max_decoded_bytes;
    let body = [br#"{"event":""#, &vec![0xff; limit / 3][..], br#""}"#].concat();
    let sentence = format!("The decoded body is larger than {limit} bytes.");
    assert_eq!(refusal(gzip(&body)), (413, sentence));
}

/// Python writes these where JSON has no number for them.
#[test]
fn numbers_that_are_not_finite_are_null() {
    let good = event(r#"{"n":-1e-2}"#);
    let bad = event(r#"{"a":NaN,"b":[Infinity , -Infinity],"c":"NaN, -Infinity \\","d":-1}"#);
    assert_eq!(
        properties(format!("[{good},{bad}]")),
        [
            r#"{"n":-1e-2}"#,
            r#"{"a":null,"b":[null , null],"c":"NaN, -Infinity \\","d":-1}"#,
        ]
    );
    for wrong in ["NaNs", "-NaN", "Inf", "nan", "Infinity\"", "N\u{e9}"] {
        let sentence = refusal(event(&format!(r#"{{"a":{wrong}}}"#)));
        let start = "The body is not JSON: ";
        assert!(
            sentence.0 == 400 && sentence.1.starts_with(start),
            "{sentence:?}"
        );
    }
}

/// Mixpanel's `/import` takes this, and webhooks with `batch` get it.
#[test]
fn an_event_on_each_line_is_a_list_of_events() {
    let (one, two) = (event(r#"{"n":1}"#), event(r#"{"n":2}"#));
    for lines in [
        format!("{one}\n{two}"),
        format!("\n{one}\r\n\r\n {two} \n"),
        format!("{one}\n{}\n", event(r#"{"n":2}"#)),
    ] {
        assert_eq!(
            properties(lines.as_str()),
            [r#"{"n":1}"#, r#"{"n":2}"#],
            "{lines}"
        );
        assert_eq!(properties(gzip(lines.as_bytes())).len(), 2);
    }
    assert_eq!(
        properties(format!(
            "{one}\n{{\"event\":\n[{two}]\n{two}\n{}",
            event("NaN")
        )),
        [
            r#"{"n":1}"#,
            "[1] is not an object",
            "[2] is not an object",
            r#"{"n":2}"#,
            "{}",
        ]
    );
    // A body that begins in another way is no list.
    for other in [
        format!("[{one}]\n{two}"),
        format!("{one} {two}\n{two}"),
        format!("1\n{one}"),
    ] {
        assert_eq!(refusal(other).0, 400);
    }
}

#[test]
fn no_more_lines_are_read_than_a_request_may_have_events() {
    let limit = config().limits.max_events;
    let lines = |events: usize| vec!["{}"; events].join("\n");
    assert_eq!(properties(lines(limit)).len(), limit);
    let sentence = format!("The request has more than {limit} events.");
    for lines in [
        lines(limit + 1),
        lines(40 * limit) + "\n\"",
        format!("{}\n{{", lines(limit)),
    ] {
        assert_eq!(refusal(lines), (413, sentence.clone()));
    }
}
