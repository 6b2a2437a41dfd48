//! `events`, `sample`, `sources`, which mean the same at the top and in a webhook.

use super::{root, webhook, Case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut both = |members: &str, said: &str| {
        cases.push(root(members, &[said]));
        cases.push(webhook(members, &[&format!("webhooks[0].{said}")]));
    };
    let many = vec!["\"a\""; 1_001].join(", ");
    let fraction = "a fraction over 0 and at most 1, such as 0.1";
    both(
        r#""events": ["track"]"#,
        "events: is a list; write an object with keys such as \"types\", \"allow\", \"deny\"",
    );
    both(
        r#""events": {"name": ["a"]}"#,
        r#"events.name: is not a known key; write one of "types", "allow", "deny""#,
    );
    both(
        r#""events": {"types": []}"#,
        "events.types: is empty; write at least one type, or leave the key out for all",
    );
    both(
        r#""events": {"types": ["screen"]}"#,
        r#"events.types[0]: is "screen"; write one of "track", "page", "identify", "group""#,
    );
    both(
        r#""events": {"allow": "Order *"}"#,
        r#"events.allow: is a string; write a list of event names such as ["Order *"]"#,
    );
    both(
        r#""events": {"deny": []}"#,
        r#"events.deny: is empty; write a list of event names such as ["Order *"], or leave the key out"#,
    );
    both(
        r#""events": {"deny": [7]}"#,
        "events.deny[0]: is a number; write it in quotes",
    );
    both(
        r#""events": {"deny": [""]}"#,
        "events.deny[0]: is empty; write 1 to 1024 bytes",
    );
    both(
        &format!(r#""events": {{"allow": ["{}"]}}"#, "a".repeat(1_025)),
        "events.allow[0]: is 1025 bytes long; write 1 to 1024",
    );
    both(
        &format!(r#""events": {{"allow": [{many}]}}"#),
        "events.allow: has 1001 entries; write at most 1000",
    );
    for written in ["0", "-1", "1.5"] {
        both(
            &format!(r#""sample": {written}"#),
            &format!("sample: is out of bounds; write {fraction}"),
        );
    }
    both(
        r#""sample": "10%""#,
        &format!("sample: is a string; write {fraction}"),
    );
    both(
        r#""sources": "key""#,
        "sources: is a string; write a list of write keys or environment ids",
    );
    both(
        r#""sources": []"#,
        "sources: is empty; write a list of write keys or environment ids, or leave the key out",
    );
    both(
        r#""sources": ["${GONE}"]"#,
        "sources[0]: needs the environment variable GONE, which is not set; list GONE under \
         vm_config.environment_variables.host_env_keys and export it where Envoy starts",
    );
    both(
        r#""sources": ["${TWO_LINES}"]"#,
        "sources[0]: has a space, a line break or a control character at an end or within; write \
         the secret without it",
    );
    both(
        r#""honor": "gpc""#,
        r#"honor: is a string; write a list of signals such as ["gpc", "dnt"]"#,
    );
    both(
        r#""honor": ["gps"]"#,
        r#"honor[0]: is "gps"; write one of "gpc", "dnt""#,
    );
    both(
        r#""requires_consent": []"#,
        "requires_consent: is empty; write a list of consent categories, or leave the key out",
    );
    both(
        r#""requires_consent": {"a": true}"#,
        "requires_consent: is an object; write a list of consent categories",
    );
    both(
        r#""requires_consent": [true]"#,
        "requires_consent[0]: is a boolean; write it in quotes",
    );
    let path = |written: &str, problem: &str| {
        format!(
            r#"properties.deny[0]: is "{written}", which {problem}; write a path such as "properties.email" or "traits.*""#
        )
    };
    let star = "has a * beside other characters of a key";
    for (written, problem) in [
        (
            "email",
            "begins with none of properties, traits, context, userId, anonymousId, groupId",
        ),
        (
            "*.email",
            "begins with none of properties, traits, context, userId, anonymousId, groupId",
        ),
        (
            "messageId",
            "begins with none of properties, traits, context, userId, anonymousId, groupId",
        ),
        (
            "userId.x",
            "begins with none of properties, traits, context, userId, anonymousId, groupId",
        ),
        ("traits", "names the whole of it; write it with .*"),
        ("traits..email", "has an empty part"),
        ("traits.", "has an empty part"),
        ("traits.*mail", star),
        ("properties.card_*.number", star),
        ("properties.**", star),
    ] {
        both(
            &format!(r#""properties": {{"deny": ["{written}"]}}"#),
            &path(written, problem),
        );
    }
    both(
        &format!(r#""properties": {{"deny": ["traits{}"]}}"#, ".a".repeat(16)),
        &path(
            &format!("traits{}", ".a".repeat(16)),
            "has more than 16 parts",
        ),
    );
    both(
        r#""properties": {"deny": ["traits.a\\"]}"#,
        &path(r"traits.a\\", r"ends with a \"),
    );
    both(
        r#""properties": {"remove": ["traits.a"]}"#,
        r#"properties.remove: is not a known key; write one of "allow", "deny", "hash", "mask", "hash_key""#,
    );
    both(
        r#""properties": {"hash": ["traits.a"]}"#,
        r#"properties.hash_key: is missing, and hash needs it; write a secret, such as "${HASH_KEY}""#,
    );
    both(
        r#""properties": {"hash": ["traits.a"], "hash_key": "canary"}"#,
        "properties.hash_key: is 6 bytes long; write at least 32",
    );
    both(
        r#""properties": {"hash_key": 5}"#,
        r#"properties.hash_key: is a number; write a secret, such as "${HASH_KEY}""#,
    );
    cases
}
