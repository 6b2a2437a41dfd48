//! `properties`: what of an event goes.

use crate::bed::Bed;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENT: &str = r#"{"type": "identify", "messageId": "m", "timestamp": "2022-12-28T22:00:25Z", "anonymousId": "d", "userId": "u-1",
    "context": {"page": {"url": "https://a.test/x?q=1", "title": "T", "path": "/x"}, "library": {"name": "web", "version": "1"}},
    "properties": {"plan": "pro", "total": 1.50, "nested": {"a": 1, "b": {"c": [1, 2]}}},
    "traits": {"email": "hello@example.com", "n": 42, "ok": true, "none": null, "address": {"b":1,"c":2}, "orders": [{"id": 1, "ssn": "s"}, {"ssn": "t"}]}}"#;

/// The payload that a webhook with these members under `properties` gets of [`EVENT`].
fn redacted(properties: &str) -> String {
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks": [{{"name": "a", "url": "http://a.test/", "properties": {{{properties}}}}}],
            "options": {{"enable_identify_events": true}}}}"#
    ));
    assert_eq!(bed.send(EVENT), "a");
    bed.payload("a").to_owned()
}

/// The part before `context` of the payload of [`EVENT`].
const HEAD: &str = r#"{"type":"identify","timestamp":"2022-12-28T22:00:25Z","messageId":"m","anonymousId":"d","userId":"u-1","#;
const CONTEXT: &str = r#""context":{"page":{"url":"https://a.test/x?q=1","title":"T","path":"/x"},"library":{"name": "web", "version": "1"}},"#;
const PROPERTIES: &str =
    r#""properties":{"plan": "pro", "total": 1.50, "nested": {"a": 1, "b": {"c": [1, 2]}}},"#;

#[test]
fn parts_that_no_rule_names_stay_byte_for_byte() {
    assert_eq!(
        redacted(r#""deny": ["traits.nothing", "properties.nested.a.b", "groupId"], "mask": ["traits.orders.*.name"]"#)
            .split_once(r#""traits""#)
            .unwrap()
            .0,
        format!("{HEAD}{CONTEXT}{PROPERTIES}")
            .replace(r#"{"plan": "pro", "total": 1.50, "nested": {"a": 1, "b": {"c": [1, 2]}}}"#,
                r#"{"plan":"pro","total":1.50,"nested":{"a":1,"b":{"c": [1, 2]}}}"#)
    );
}

#[test]
fn denied_members_are_left_out_at_any_depth() {
    let payload = redacted(
        r#""deny": ["userId", "context.page.*", "context.library", "properties.*", "traits.email", "traits.address", "traits.orders.*.ssn"]"#,
    );
    assert_eq!(
        payload,
        r#"{"type":"identify","timestamp":"2022-12-28T22:00:25Z","messageId":"m","anonymousId":"d","context":{"page":{}},"properties":{},"traits":{"n":42,"ok":true,"none":null,"orders":[{"id":1},{}]}}"#
    );
}

#[test]
fn allowed_parts_are_all_that_stays_of_properties_traits_and_context() {
    let payload = redacted(
        r#""allow": ["properties.plan", "properties.nested.b", "traits.orders.*.id", "traits.email.domain", "context.page.title"]"#,
    );
    assert_eq!(
        payload,
        format!(
            r#"{HEAD}"context":{{"page":{{"title":"T"}}}},"properties":{{"plan":"pro","nested":{{"b":{{"c": [1, 2]}}}}}},"traits":{{"orders":[{{"id":1}},{{}}]}}}}"#
        )
    );
    assert_eq!(
        redacted(r#""allow": ["properties.none"]"#),
        format!(r#"{HEAD}"context":{{}},"properties":{{}},"traits":{{}}}}"#)
    );
}

/// The hashes are Python's.
#[test]
fn a_hash_is_the_hmac_of_the_value() {
    let payload = redacted(
        r#""hash_key": "${HASH_KEY}", "hash": ["userId", "traits.*"], "deny": ["traits.orders", "traits.address.d"], "allow": ["traits.*"]"#,
    );
    let traits = [
        r#""email":"1f544764eb21fec8460dd70e9c6265964c13b1e80cb446dab207d6092cf173d3""#,
        r#""n":"2c98aaec6d5e8a5ffc4162ee383efca216ed9e2996e2524572352ed03c249571""#,
        r#""ok":"9844cf2d96192b4493cd82d47e55ce8809f4589c2f668bf9a09ca17ccd29bda0""#,
        r#""none":null"#,
        r#""address":"e0d4b7db3ed7f0d0dec191c9aa7d06d3cc735dae4e2c937e543d0111a5cbf72a""#,
    ];
    let user = "433ac569dddee8c0314fe6846608b768e69d70a12541c8d68352c5699946229a";
    assert_eq!(
        payload,
        format!(
            r#"{}"context":{{}},"properties":{{}},"traits":{{{}}}}}"#,
            HEAD.replace("u-1", user),
            traits.join(",")
        )
    );
}

#[test]
fn a_mask_hides_any_value_but_null() {
    let payload = redacted(
        r#""mask": ["userId", "traits.*", "properties.nested.b"], "hash": ["traits.email"], "hash_key": "${HASH_KEY}", "allow": ["traits.*", "properties.nested.b.c"]"#,
    );
    assert_eq!(
        payload,
        r#"{"type":"identify","timestamp":"2022-12-28T22:00:25Z","messageId":"m","anonymousId":"d","userId":"***","context":{},"properties":{"nested":{"b":"***"}},"traits":{"email":"***","n":"***","ok":"***","none":null,"address":"***","orders":"***"}}"#
    );
}

#[test]
fn keys_are_found_however_they_are_written() {
    let mut bed = Bed::new(
        r#"{"webhooks": [{"name": "a", "url": "http://a.test/"}],
            "properties": {"deny": ["properties.email", "properties.a\\.b", "properties.\\*", "properties.*.*.*.*.x"]}}"#,
    );
    let event = r#"{"type": "track", "event": "e", "messageId": "m", "anonymousId": "d", "timestamp": 0,
        "properties": {"e\u006dail": 1, "email": 2, "email": 3, "Email": 4, "a.b": 5, "a": {"b": 6}, "*": 7, "d": [[[{"x": 8, "y": 9}]]]}}"#;
    assert_eq!(bed.send(event), "a");
    assert_eq!(
        bed.payload("a").split_once(r#""properties":"#).unwrap().1,
        r#"{"Email":4,"a":{"b":6},"d":[[[{"y":9}]]]}}"#
    );
}

/// PostHog's SDK for Ruby sends what it is told of a user among the properties as well.
#[test]
fn a_rule_on_a_trait_holds_for_the_property_that_repeats_it() {
    let mut bed = Bed::new(
        r#"{"webhooks": [
            {"name": "a", "url": "http://a.test/", "properties": {"deny": ["traits.email", "traits.address.street"]}},
            {"name": "b", "url": "http://b.test/", "properties": {"allow": ["traits.email"]}},
            {"name": "c", "url": "http://c.test/", "properties": {"mask": ["traits.*"]}}
        ], "options": {"enable_identify_events": true}}"#,
    );
    let traits = r#""email":"hello@example.com","address":{"street":"s","city":"c"},"n":1"#;
    let body = format!(
        r#"{{"batch":[{{"event":"$identify","uuid":"1","distinct_id":"u","$set":{{{traits}}},"properties":{{{traits},"n":2,"$lib":"posthog-ruby"}}}}]}}"#
    );
    bed.send_to("/batch", &body, &[]);
    let properties = |name: &str| {
        let (_, properties) = bed.payload(name).split_once(r#""properties":"#).unwrap();
        properties.to_owned()
    };
    assert_eq!(
        ["a", "b", "c"].map(properties),
        [
            r#"{"address":{"city":"c"},"n":1,"n":2},"traits":{"address":{"city":"c"},"n":1}}"#,
            r#"{},"traits":{"email":"hello@example.com"}}"#,
            r#"{"email":"***","address":"***","n":"***","n":2},"traits":{"email":"***","address":"***","n":"***"}}"#,
        ]
    );
}

#[test]
fn each_webhook_gets_its_own_and_the_common_rules_hold_for_all() {
    let mut bed = Bed::new(
        r#"{"webhooks": [
            {"name": "a", "url": "http://a.test/", "properties": {"allow": ["properties.x", "properties.y"]}},
            {"name": "b", "url": "http://b.test/", "properties": {"mask": ["properties.x"]}},
            {"name": "c", "url": "http://c.test/"}
        ], "properties": {"deny": ["properties.z"], "allow": ["properties.x", "properties.z"]}}"#,
    );
    let event = r#"{"type": "track", "event": "e", "anonymousId": "d", "properties": {"x": 1, "y": 2, "z": 3}}"#;
    assert_eq!(bed.send(event), "abc");
    let properties = |bed: &Bed, name: &str| {
        let (_, properties) = bed.payload(name).split_once(r#""properties":"#).unwrap();
        properties.to_owned()
    };
    assert_eq!(
        ["a", "b", "c"].map(|name| properties(&bed, name)),
        [r#"{"x":1}}"#, r#"{"x":"***"}}"#, r#"{"x":1}}"#]
    );
}

#[test]
fn depth_costs_nothing() {
    let mut bed = Bed::new(
        r#"{"webhooks": [{"name": "a", "url": "http://a.test/", "properties": {"hash": ["properties.*"], "hash_key": "${HASH_KEY}", "deny": ["properties.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*"]}}],
            "limits": {"max_values": 1000000, "max_rule_time": "10s"}}"#,
    );
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let event = format!(
            r#"{{"type": "track", "event": "e", "anonymousId": "d", "properties": {{"deep": {deep}}}}}"#
        );
        assert_eq!(bed.send(&event), "a");
        assert!(bed.payload("a").len() < 500, "{}", bed.payload("a").len());
    }
}

/// 32 webhooks with rules that differ and look at everything; `limits` are the default's but for
/// these.
fn bed_of_32(properties: impl Fn(usize) -> String, limits: &str) -> Bed {
    let webhook = |n: usize| {
        let properties = properties(n);
        format!(r#"{{"name": "w{n}", "url": "http://a.test/{n}", "properties": {{{properties}}}}}"#)
    };
    let webhooks: Vec<_> = (0..32).map(webhook).collect();
    let webhooks = webhooks.join(",");
    Bed::new(&format!(
        r#"{{"webhooks": [{webhooks}], "limits": {{{limits}}}}}"#
    ))
}

fn hashing(n: usize) -> String {
    format!(
        r#""hash": ["properties.*", "context.*"], "hash_key": "${{HASH_KEY}}", "deny": ["properties.*.*.x{n}"]"#
    )
}

fn event_of(members: usize) -> String {
    let members = vec![r#""k":1"#; members].join(",");
    format!(r#"{{"type": "track", "event": "e", "anonymousId": "d", "properties": {{{members}}}}}"#)
}

#[test]
fn rules_that_would_take_too_long_for_one_request_are_413_and_nothing_goes() {
    let mut bed = bed_of_32(hashing, r#""max_rule_time": "0.08s""#);
    assert_eq!(bed.send(&event_of(9_000)), "");
    assert_eq!(bed.last_status(), 413);
    // An event as SDKs send it is far from that.
    assert_eq!(
        bed.send(&event_of(100)).len(),
        "w0".len() * 10 + "w10".len() * 22
    );
}

#[test]
fn payloads_that_can_never_fit_are_413_and_not_503() {
    let limits =
        r#""max_in_flight_bytes": 1000000, "max_decoded_bytes": 1000000, "max_rule_time": "10s""#;
    let mut bed = bed_of_32(hashing, limits);
    // 600 bytes and 32 times 6,700: each number becomes a hash of 66 bytes.
    assert_eq!(bed.send(&event_of(600)), "");
    assert_eq!(bed.last_status(), 413);
}
