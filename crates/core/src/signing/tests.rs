use super::*;

#[test]
fn a_call_with_several_events_is_named_by_all_of_them_in_any_order() {
    let [a, b, c] = ["a", "b", "c"].map(|id| WebhookId::of(None, ["source", id]));
    assert_eq!(WebhookId::of_all(&[a]), a);
    let of = WebhookId::of_all;
    assert_eq!(of(&[a, b, c]), of(&[c, a, b]));
    for other in [of(&[a]), of(&[a, b]), of(&[b, c]), of(&[a, b, b])] {
        assert_ne!(of(&[a, b, c]), other);
    }
}

/// The example of the Standard Webhooks specification's own libraries.
#[test]
fn signs_as_the_specification_does() {
    let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let key = Key::<Hmac<Sha256>>::new(&secret, None).unwrap();
    let parts: [&[u8]; 5] = [
        b"msg_p5jXN8AQM9LWM0D4loKWxJek",
        b".",
        b"1614265330",
        b".",
        br#"{"test": 2432232314}"#,
    ];
    assert_eq!(
        STANDARD.encode(key.sign(&parts)),
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}

/// RFC 2202, test case 2.
#[test]
fn signs_with_sha_1() {
    let key = Key::new(b"Jefe", None).unwrap();
    let headers = Signing::XSignatureSha1(vec![key]).headers(
        WebhookId::of(None, [""]),
        UnixSeconds(0),
        b"what do ya want for nothing?",
    );
    assert_eq!(
        headers,
        [(
            "x-signature",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79".to_owned()
        )]
    );
}

fn signing(not_after: [Option<UnixSeconds>; 2]) -> Signing {
    let keys = [[1; 24], [2; 24]].into_iter().zip(not_after);
    Signing::StandardWebhooks(
        keys.map(|(secret, not_after)| Key::new(&secret, not_after).unwrap())
            .collect(),
    )
}

fn signature(signing: &Signing, now: i64) -> String {
    let [_, _, (_, signature)] = signing
        .headers(WebhookId::of(None, ["s", "m"]), UnixSeconds(now), b"{}")
        .try_into()
        .unwrap();
    signature
}

#[test]
fn every_secret_signs_up_to_its_last_second() {
    let both = signing([Some(UnixSeconds(99)), None]);
    let [first, second] = [signing([None; 2]), both.clone()].map(|all| {
        let written = signature(&all, 99);
        let (first, second) = written.split_once(' ').unwrap();
        (first.to_owned(), second.to_owned())
    });
    assert_eq!(first, second);
    assert_ne!(first.0, first.1);
    let after = signature(&both, 100);
    assert!(after.starts_with("v1,") && !after.contains(' '), "{after}");
}

#[test]
fn the_first_valid_secret_signs_where_there_is_room_for_one() {
    let all = |keys: &[(&[u8], Option<i64>)]| {
        Signing::XSignatureSha1(
            keys.iter()
                .map(|(secret, not_after)| Key::new(secret, not_after.map(UnixSeconds)).unwrap())
                .collect(),
        )
        .headers(WebhookId::of(None, [""]), UnixSeconds(100), b"{}")
    };
    let (old, new): (&[u8], &[u8]) = (b"old", b"new");
    assert_eq!(all(&[(old, Some(100)), (new, None)]), all(&[(old, None)]));
    assert_eq!(all(&[(old, Some(99)), (new, None)]), all(&[(new, None)]));
}

#[test]
fn the_id_is_of_all_fields_and_of_the_key() {
    let key = |byte| HashKey::new(&[byte; 32]);
    let id = WebhookId::of(None, ["env", "m-1"]).to_string();
    assert_eq!(id, "msg_qEXRbV7Yelklf1-_nGqOLQ");
    for other in [
        WebhookId::of(None, ["env2", "m-1"]),
        WebhookId::of(None, ["env", "m-2"]),
        WebhookId::of(None, ["en", "vm-1"]),
        WebhookId::of(None, ["envm-1", ""]),
        WebhookId::of(key(1).as_ref(), ["env", "m-1"]),
        WebhookId::of(key(2).as_ref(), ["env", "m-1"]),
        WebhookId::of_payload(b"envm-1"),
    ] {
        assert_ne!(other.to_string(), id);
    }
    let keyed = [1, 2].map(|byte| WebhookId::of(key(byte).as_ref(), ["env", "m-1"]));
    assert_ne!(keyed[0], keyed[1]);
}

#[test]
fn nothing_secret_is_printed() {
    let shown = format!("{:?}", signing([None; 2]));
    assert_eq!(
        shown,
        "StandardWebhooks([Key { mac: [hidden], not_after: None }, Key { mac: [hidden], not_after: None }])"
    );
}
