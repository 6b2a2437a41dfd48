//! The plugin's configuration, JSON or a Struct on the wire: taken, or refused in lines for a log
//! that hold no secret.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let lines = refusal(input, "alpha-secret");
    for line in &lines {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    // Not "does not contain": the fuzzer would find the secret and write it into the input.
    assert_eq!(lines, refusal(input, "bravo-secret"));
});

/// The lines that refuse the configuration; none when it is taken.
fn refusal(input: &[u8], secret: &str) -> Vec<String> {
    let environment = |name: &str| (name == "KEY").then(|| secret.to_owned());
    match freshpaint_config::parse(input, &environment) {
        Ok(config) => {
            assert!((1..=32).contains(&config.webhooks.len()));
            Vec::new()
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            problems.iter().map(ToString::to_string).collect()
        }
    }
}
