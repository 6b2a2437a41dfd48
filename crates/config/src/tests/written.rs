//! Numbers and flags are taken in every form in which YAML hands them over.

use std::time::Duration;

use super::parse;
use freshpaint_core::config::Config;
use freshpaint_core::routing::Sample;

/// The configuration with these members at its root; each form is tried bare and in quotes.
fn with(members: &str) -> Option<Config> {
    let written = format!(r#"{{"webhooks": [{{"url": "https://example.com/in"}}], {members}}}"#);
    let schema = jsonschema::validator_for(&super::schema()).unwrap();
    let config = parse(&written).ok();
    let value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        schema.is_valid(&value),
        config.is_some(),
        "the schema differs: {members}"
    );
    config
}

#[test]
fn a_fraction_in_any_form() {
    for (written, fraction) in [
        ("0.1", 0.1),
        ("\"0.1\"", 0.1),
        ("\".5\"", 0.5),
        ("\"0.50\"", 0.5),
        ("\"1e-1\"", 0.1),
        ("\"2.5E-1\"", 0.25),
        ("\"+0.5\"", 0.5),
        ("1e-1", 0.1),
    ] {
        let config = with(&format!(r#""sample": {written}"#));
        let config = config.unwrap_or_else(|| panic!("{written}"));
        let rules = config.webhooks[0].rules.clone().unwrap();
        assert_eq!(rules.sample, Some(Sample::of(fraction)), "{written}");
    }
    for whole in ["1", "1.0", "\"1\"", "\"1.0\"", "\"1.\"", "\"01\""] {
        let config = with(&format!(r#""sample": {whole}"#));
        assert!(
            config.is_some_and(|config| config.webhooks[0].rules.is_none()),
            "{whole}"
        );
    }
    for wrong in [
        "\"0\"", "\"0.0\"", "\"1.5\"", "\"-0.5\"", "\"10%\"", "\"\"", "\".\"", "\"inf\"",
        "\".inf\"", "\"nan\"", "\"0x1\"", "\"0,1\"", "\" 0.1\"", "\"0.1 \"", "\"1/10\"", "true",
        "null", "[0.1]",
    ] {
        assert_eq!(with(&format!(r#""sample": {wrong}"#)), None, "{wrong}");
    }
}

#[test]
fn a_whole_number_in_any_form() {
    for written in [
        "2500",
        "2500.0",
        "2.5e3",
        "\"2500\"",
        "\"2500.0\"",
        "\"+2500\"",
        "\"2.5e3\"",
        "\"02500\"",
    ] {
        let config = with(&format!(r#""limits": {{"max_events": {written}}}"#));
        assert_eq!(config.unwrap().limits.max_events, 2_500, "{written}");
    }
    for wrong in [
        "\"2500.5\"",
        "\"2_500\"",
        "\"2,500\"",
        "\"0\"",
        "\"100001\"",
        "\"0x10\"",
        "\"-1\"",
        "\"\"",
        "\"many\"",
    ] {
        assert_eq!(
            with(&format!(r#""limits": {{"max_events": {wrong}}}"#)),
            None,
            "{wrong}"
        );
    }
    let config = with(r#""retry": {"refusals": ["422", 400]}"#);
    assert_eq!(config.unwrap().retry.refusals, [400, 422]);
    assert_eq!(with(r#""retry": {"refusals": ["500"]}"#), None);
}

#[test]
fn a_flag_may_stand_in_quotes() {
    for (written, on) in [
        ("true", true),
        ("\"true\"", true),
        ("false", false),
        ("\"false\"", false),
    ] {
        let config = with(&format!(
            r#""options": {{"enable_identify_events": {written}}}"#
        ))
        .unwrap();
        assert_eq!(
            config.webhooks[0].options.enable_identify_events, on,
            "{written}"
        );
        let config = with(&format!(r#""context": {{"ip": {written}}}"#)).unwrap();
        assert_eq!(config.context_ip, on, "{written}");
    }
    for wrong in ["\"yes\"", "\"1\"", "1", "\"True\"", "null", "\"\""] {
        assert_eq!(
            with(&format!(r#""context": {{"ip": {wrong}}}"#)),
            None,
            "{wrong}"
        );
    }
}

#[test]
fn a_duration_within_its_bounds() {
    for (written, millis) in [
        ("1s", 1_000),
        ("01s", 1_000),
        ("1.0s", 1_000),
        ("0.25s", 250),
        ("0.100s", 100),
        ("0.1s", 100),
        ("300s", 300_000),
        ("299.999999999s", 299_999),
        ("300.000s", 300_000),
    ] {
        let config = with(&format!(
            r#""retry": {{"initial_backoff": "{written}", "max_backoff": "3600s"}}"#
        ));
        let backoff = config
            .unwrap_or_else(|| panic!("{written}"))
            .retry
            .initial_backoff;
        let exact = Duration::from_millis(millis);
        assert!(
            backoff >= exact && backoff < exact + Duration::from_millis(1),
            "{written}"
        );
    }
    for wrong in [
        "0.09s",
        "0.0999s",
        "0s",
        "300.000000001s",
        "301s",
        "1000s",
        "1m",
        "1",
        "1.s",
        ".5s",
        "1.0000000001s",
    ] {
        assert_eq!(
            with(&format!(
                r#""retry": {{"initial_backoff": "{wrong}", "max_backoff": "3600s"}}"#
            )),
            None,
            "{wrong}"
        );
    }
}
