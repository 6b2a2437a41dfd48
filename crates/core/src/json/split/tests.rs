use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;

type Split<'a> = Vec<(&'a str, &'a str)>;

fn split(object: &str) -> Split<'_> {
    let mut found = Vec::new();
    members(object, &mut |key, value| {
        found.push((key.get(), value.get()));
    });
    found
}

/// The same by serde_json.
struct Reference<'a>(Split<'a>);

impl<'de> serde::Deserialize<'de> for Reference<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Reference<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                    found.push((key.get(), value.get()));
                }
                Ok(Reference(found))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// JSON text with escapes, brackets in strings, space between tokens and repeated keys.
fn json() -> impl Strategy<Value = String> {
    let space = || "[ \t\n\r]{0,2}";
    let string = r#""([ -!#-\[\]-~é{}\[\],:]|\\["\\/bfnrt]|\\u[0-9a-f]{4}){0,20}""#;
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0.5e+3".to_owned()),
        "[1-9][0-9]{0,30}",
        string,
    ];
    scalar.prop_recursive(6, 60, 6, move |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, b, c)| a + &b + &c);
        let member = (space(), string, space(), space(), inner, space())
            .prop_map(|(a, key, b, c, value, d)| a + &key + &b + ":" + &c + &value + &d);
        prop_oneof![
            prop::collection::vec(element, 0..6).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn splits_as_serde_json_does(document in json()) {
        check(&document).unwrap();
        if let Ok(Reference(reference)) = serde_json::from_str(&document) {
            prop_assert_eq!(split(&document), reference);
        }
        if let Ok(reference) = serde_json::from_str::<Vec<&RawValue>>(&document) {
            let mut found = Vec::new();
            elements(&document, &mut |value| {
                found.push(value.get());
                true
            });
            let reference: Vec<_> = reference.into_iter().map(RawValue::get).collect();
            prop_assert_eq!(found, reference);
        }
    }

    #[test]
    fn the_splitting_of_any_text_ends(text in r#"[{\[]?["\\{}\[\],: a1é]{0,40}"#) {
        split(&text);
        elements(&text, &mut |_| true);
    }

    #[test]
    fn finds_quotes_and_backslashes(bytes in prop::collection::vec(any::<u8>(), 0..40), at in 0_usize..40) {
        let expected = bytes
            .iter()
            .enumerate()
            .position(|(index, byte)| index >= at && matches!(byte, b'"' | b'\\'));
        if at <= bytes.len() {
            prop_assert_eq!(quote_or_backslash(&bytes, at), expected.unwrap_or(bytes.len()));
        }
    }
}

#[test]
fn a_visitor_can_stop() {
    let mut seen = 0;
    elements("[1,2,3]", &mut |_| {
        seen += 1;
        seen < 2
    });
    assert_eq!(seen, 2);
}
