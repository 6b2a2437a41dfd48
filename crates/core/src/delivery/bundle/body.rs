//! The body of a call that several events may share.

use crate::config::BatchFormat;

/// The body with these payloads, each of which is JSON.
pub(in super::super) fn render(format: BatchFormat, payloads: &[&[u8]]) -> Vec<u8> {
    let size: usize = payloads.iter().map(|payload| payload.len()).sum();
    // A byte after each payload, and one for the opening bracket.
    let mut body = Vec::with_capacity(size + payloads.len() + 1);
    match format {
        BatchFormat::JsonArray => {
            body.push(b'[');
            for (index, payload) in payloads.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(payload);
            }
            body.push(b']');
        }
        BatchFormat::Ndjson => {
            for payload in payloads {
                let begin = body.len();
                body.extend_from_slice(payload);
                // JSON has line breaks between its tokens only, where a space means the same.
                for byte in body.iter_mut().skip(begin) {
                    if matches!(byte, b'\n' | b'\r') {
                        *byte = b' ';
                    }
                }
                body.push(b'\n');
            }
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(format: BatchFormat, payloads: &[&str]) -> String {
        let payloads: Vec<_> = payloads.iter().map(|payload| payload.as_bytes()).collect();
        String::from_utf8(render(format, &payloads)).unwrap()
    }

    #[test]
    fn a_json_array_holds_each_payload_byte_for_byte() {
        let payloads = ["{\"n\": 1.50}", "{\"a\":\n[1,\r\n2]}"];
        let whole = body(BatchFormat::JsonArray, &payloads);
        assert_eq!(whole, "[{\"n\": 1.50},{\"a\":\n[1,\r\n2]}]");
        assert_eq!(
            body(BatchFormat::JsonArray, &payloads[..1]),
            "[{\"n\": 1.50}]"
        );
    }

    #[test]
    fn ndjson_has_one_payload_in_each_line() {
        let payloads = ["{\"n\": 1.50}", "{\"a\":\n[1,\r\n\"\\n\"]}"];
        let whole = body(BatchFormat::Ndjson, &payloads);
        assert_eq!(whole, "{\"n\": 1.50}\n{\"a\": [1,  \"\\n\"]}\n");
        assert_eq!(body(BatchFormat::Ndjson, &payloads[..1]), "{\"n\": 1.50}\n");
    }
}
