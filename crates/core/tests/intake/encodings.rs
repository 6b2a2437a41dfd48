//! Bodies as they come: compressed or not, wrapped or not, and labelled as anything.
use crate::support::{boundless, config, gzip, Outcome, Request, Said};
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine as _;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Its base64 has `+` and `/`.
const EVENT: &str =
    r#"{"event":"a~~~b???>>>","properties":{"$insert_id":"1","time":0,"p":"1 + 1 = 2 & 100%"}}"#;
const PAYLOAD: &str = r#"{"event":"a~~~b???>>>","type":"track","timestamp":"1970-01-01T00:00:00Z","messageId":"1","context":{"page":null},"properties":{"p":"1 + 1 = 2 & 100%"}}"#;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// As `encodeURIComponent` and Python's `quote_plus` do it.
fn form(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            ' ' => "+".into(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => percent(&c.to_string()),
        })
        .collect()
}

fn payload(body: impl Into<Vec<u8>>) -> String {
    Request::post("/track", body).payload()
}

#[test]
fn a_body_is_what_it_looks_like_whatever_it_is_called() {
    let bodies: &[(&str, Vec<u8>)] = &[
        ("plain", EVENT.into()),
        ("gzip", gzip(EVENT.as_bytes())),
        ("twice gzip", gzip(&gzip(EVENT.as_bytes()))),
        (
            "two gzip members",
            [gzip(&EVENT.as_bytes()[..9]), gzip(&EVENT.as_bytes()[9..])].concat(),
        ),
        ("base64", STANDARD.encode(EVENT).into()),
        ("base64 for urls", URL_SAFE_NO_PAD.encode(EVENT).into()),
        (
            "base64 of gzip",
            STANDARD.encode(gzip(EVENT.as_bytes())).into(),
        ),
        (
            "twice base64",
            STANDARD.encode(STANDARD.encode(EVENT)).into(),
        ),
        (
            "JSON in a JSON string",
            serde_json::to_string(EVENT).unwrap().into(),
        ),
        ("BOM", format!("\u{feff}{EVENT}").into()),
        ("gzip of BOM", gzip(format!("\u{feff}{EVENT}").as_bytes())),
        ("whitespace", format!("\r\n {EVENT}\n").into()),
        ("percent-encoded", percent(EVENT).into()),
        ("form of JSON", format!("data={}", form(EVENT)).into()),
        (
            "form of base64",
            format!("data={}", percent(&STANDARD.encode(EVENT))).into(),
        ),
        (
            "form of raw base64",
            format!("data={}", STANDARD.encode(EVENT)).into(),
        ),
        (
            "form with more",
            format!("ip=1&data={}&verbose=0", form(EVENT)).into(),
        ),
        (
            "gzip of form",
            gzip(format!("data={}", STANDARD.encode(EVENT)).as_bytes()),
        ),
        (
            "form of base64 of gzip",
            format!("data={}", form(&STANDARD.encode(gzip(EVENT.as_bytes())))).into(),
        ),
    ];
    let labels: &[&[(&str, &str)]] = &[
        &[],
        &[("content-type", "application/json")],
        &[("content-type", "text/plain;charset=UTF-8")],
        &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
        ],
        &[("content-encoding", "GZIP, identity")],
    ];
    for (what, body) in bodies {
        for headers in labels {
            let mut request = Request::post("/track", body.clone());
            for (name, value) in *headers {
                request = request.header(name, value);
            }
            assert_eq!(request.payload(), PAYLOAD, "{what} {headers:?}");
        }
    }
}

#[test]
fn the_plus_of_unescaped_base64_is_not_a_space() {
    let raw = STANDARD.encode(EVENT);
    assert!(raw.contains('+') || raw.contains('/'), "{raw}");
    let pad = (0..3)
        .map(|n| {
            format!(
                r#"{{"event":"{}~~>>","properties":{{"$insert_id":"1"}}}}"#,
                "x".repeat(n)
            )
        })
        .find(|event| STANDARD.encode(event).contains('+'))
        .unwrap();
    assert_eq!(
        payload(format!("data={}", STANDARD.encode(&pad))),
        payload(pad)
    );
}

#[test]
fn a_get_carries_its_event_in_the_query() {
    let queries = [
        format!("data={}&ip=1", percent(&STANDARD.encode(EVENT))),
        format!("ip=1&data={}", STANDARD.encode(EVENT)),
        format!("data={}", form(EVENT)),
    ];
    for query in queries {
        let request = Request::post(&format!("/track/?{query}"), "").method("GET");
        assert_eq!(request.payload(), PAYLOAD, "{query}");
    }
}

/// Mixpanel's SDK with `img: true`, and emails: anything else would show as a broken image.
#[test]
fn an_image_that_carries_an_event_gets_an_image() {
    let query = |more: &str| format!("/track/?data={}{more}", STANDARD.encode(EVENT));
    let answer = |request: Request| match request.run() {
        Outcome::Read(_, answer) => answer,
        other => panic!("{other:?}"),
    };
    let image = answer(Request::post(&query("&ip=1&img=1"), "").method("GET"));
    assert_eq!(image.status, 200);
    for header in [("content-type", "image/gif"), ("cache-control", "no-store")] {
        assert!(
            image.headers.contains(&(header.0, header.1.into())),
            "{header:?}"
        );
    }
    // One pixel wide and high; the index of its color is transparent.
    let (head, rest) = image.body.split_at(10);
    assert_eq!(head, b"GIF89a\x01\0\x01\0");
    assert_eq!((rest.len(), rest.last()), (33, Some(&b';')));
    for request in [
        Request::post(&query("&img=0"), "").method("GET"),
        Request::post("/track/?img=1", EVENT),
    ] {
        assert_eq!(&*answer(request).body, b"1");
    }
    let refused = Request::post("/track/?data=e30&img=1", "")
        .method("GET")
        .run();
    assert!(matches!(refused, Outcome::Refused(answer) if answer.status == 400));
}

#[test]
fn verbose_is_read_from_the_query_and_from_the_form() {
    let body = |path: &str, body: String| match Request::post(path, body).run() {
        Outcome::Read(_, answer) => String::from_utf8(answer.body.into_owned()).unwrap(),
        other => panic!("{other:?}"),
    };
    let verbose = r#"{"status":1,"error":null}"#;
    assert_eq!(body("/track", EVENT.into()), "1");
    assert_eq!(body("/track?verbose=0", EVENT.into()), "1");
    assert_eq!(body("/track?ip=1&verbose=1", EVENT.into()), verbose);
    assert_eq!(
        body("/track", format!("data={}&verbose=1", form(EVENT))),
        verbose
    );
}

fn refusal(body: impl Into<Vec<u8>>) -> (u16, String) {
    Request::post("/track", body).refusal_with(&boundless())
}

#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    let limit = config().limits.max_decoded_bytes;
    let sentence = format!("The decoded body is larger than {limit} bytes.");
    let bomb = gzip(&vec![b' '; 10 * limit]);
    assert!(bomb.len() < config().limits.max_body_bytes);
    assert_eq!(refusal(bomb.clone()), (413, sentence.clone()));
    assert_eq!(refusal(STANDARD.encode(&bomb)), (413, sentence));
    let again = "The body was compressed more than once; compress it once.".to_owned();
    assert_eq!(refusal(gzip(&bomb)), (413, again.clone()));
    assert_eq!(refusal(STANDARD.encode(gzip(&bomb))), (413, again));

    let room = limit - EVENT.len();
    let fits = [EVENT.as_bytes(), &vec![b' '; room]].concat();
    let fitting = Request::post("/track", gzip(&fits));
    assert_eq!(fitting.payload_with(&boundless()), PAYLOAD);
    assert_eq!(refusal(gzip(&[&fits[..], b" "].concat())).0, 413);
}

#[test]
fn a_body_that_does_not_decode_is_refused_with_the_reason() {
    let mut damaged = gzip(EVENT.as_bytes());
    let cut = damaged.len() - 12;
    damaged.truncate(cut);
    let damage = "The body is damaged: it begins as gzip and does not decode.";
    assert_eq!(refusal(damaged), (400, damage.into()));
    assert_eq!(refusal(&b"\x1f\x8b"[..]), (400, damage.into()));
    assert_eq!(
        refusal(&b" \r\n"[..]),
        (400, "The request has no body.".into())
    );
    assert_eq!(
        refusal(&b"data="[..]),
        (400, "The request has no body.".into())
    );
    assert_eq!(
        refusal(&b"event \xff"[..]),
        (400, "The body is not JSON: byte 6 is not UTF-8.".into())
    );
    assert_eq!(
        refusal(&b"{\"event\":\"\xff\"}}"[..]),
        (
            400,
            "The body is not JSON: trailing characters at line 1 column 16.".into()
        )
    );
    assert_eq!(
        refusal("hello there"),
        (
            400,
            "The body is not JSON: expected value at line 1 column 1.".into()
        )
    );
    assert_eq!(
        refusal(r#"{"event":"a""#),
        (
            400,
            "The body is not JSON: EOF while parsing an object at line 1 column 12.".into()
        )
    );
    assert_eq!(
        refusal(format!("{EVENT} {EVENT}")),
        (
            400,
            format!(
                "The body is not JSON: trailing characters at line 1 column {}.",
                EVENT.len() + 2
            )
        )
    );
    for scalar in ["1", "null", "\"a\"", "true"] {
        assert_eq!(
            refusal(scalar),
            (
                400,
                "The body is not an event: it is neither an object nor an array.".into()
            ),
            "{scalar}"
        );
    }
}

#[test]
fn a_cut_body_is_refused_wherever_it_is_cut() {
    for end in 1..EVENT.len() {
        assert_eq!(refusal(&EVENT.as_bytes()[..end]).0, 400, "{end}");
    }
    let whole = gzip(EVENT.as_bytes());
    for end in 2..whole.len() {
        assert_eq!(refusal(&whole[..end]).0, 400, "{end}");
    }
}

#[test]
fn an_encoded_batch_is_read_like_any_other() {
    let batch = format!("[{EVENT},{EVENT}]");
    let Outcome::Read(said, _) = Request::post("/track", gzip(batch.as_bytes())).run() else {
        panic!("refused")
    };
    assert_eq!(
        said,
        [Said::Payload(PAYLOAD.into()), Said::Payload(PAYLOAD.into())]
    );
}
