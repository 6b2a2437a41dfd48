//! How a delivery looks on a terminal.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Each event of a call: webhook, type and event name on one line, then the JSON, indented, every
/// number and string as it was sent.
pub fn delivery(webhook: &str, body: &[u8]) -> String {
    let events = match serde_json::from_slice::<Vec<&RawValue>>(body) {
        Ok(array) => array,
        // One payload, or one in each line.
        Err(_) => serde_json::Deserializer::from_slice(body)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap_or_default(),
    };
    if events.is_empty() {
        return event(webhook, body);
    }
    let shown: Vec<_> = events
        .iter()
        .map(|payload| event(webhook, payload.get().as_bytes()))
        .collect();
    shown.join("\n")
}

fn event(webhook: &str, body: &[u8]) -> String {
    let Ok(payload) = serde_json::from_slice::<Payload<'_>>(body) else {
        let text = printable(&String::from_utf8_lossy(body));
        return format!("{webhook}  not a payload\n{text}");
    };
    let kind = printable(&payload.kind);
    let event = printable(&payload.event.unwrap_or(Cow::Borrowed("-")));
    let json = indented(&String::from_utf8_lossy(body));
    format!("{webhook}  {kind}  {event}\n{json}")
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
}

/// Valid JSON over several lines; parsing it would lose what does not fit a number.
fn indented(json: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut chars = json.chars().peekable();
    let (mut quoted, mut escaped) = (false, false);
    while let Some(c) = chars.next() {
        if quoted {
            out.push(harmless(c));
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '{' | '[' => {
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                out.push(c);
                if let Some(close) = chars.next_if(|&next| next == '}' || next == ']') {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                quoted = c == '"';
                out.push(harmless(c));
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// Text from outside may not steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(harmless).collect()
}

fn harmless(c: char) -> char {
    if c.is_control() {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_nothing_in_it_changes() {
        let body = br#"{"event":"a \"b\" {c}\\","type":"track","properties":{"n":1e400,"m":-0,"e":{ },"l":[1, []]}}"#;
        let shown = r#"crm  track  a "b" {c}\
{
  "event": "a \"b\" {c}\\",
  "type": "track",
  "properties": {
    "n": 1e400,
    "m": -0,
    "e": {},
    "l": [
      1,
      []
    ]
  }
}"#;
        assert_eq!(delivery("crm", body), shown);
    }

    #[test]
    fn each_event_of_a_call_is_shown() {
        let (a, b) = (r#"{"type":"track","event":"a"}"#, r#"{"type":"page"}"#);
        let shown = "crm  track  a\n{\n  \"type\": \"track\",\n  \"event\": \"a\"\n}\n\
                     crm  page  -\n{\n  \"type\": \"page\"\n}";
        for body in [format!("[{a},{b}]"), format!("{a}\n{b}\n")] {
            assert_eq!(delivery("crm", body.as_bytes()), shown, "{body}");
        }
        for body in ["[]", "", "{}\n{"] {
            assert!(
                delivery("crm", body.as_bytes()).contains("not a payload"),
                "{body}"
            );
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        for body in [
            "{\"type\":\"track\",\"event\":\"\u{9b}2J\\u001b[2J\"}",
            "\u{1b}[2J",
        ] {
            let shown = delivery("crm", body.as_bytes());
            assert!(
                shown.chars().all(|c| c == '\n' || !c.is_control()),
                "{shown:?}"
            );
        }
    }
}
