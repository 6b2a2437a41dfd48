//! The request around the JSON: encodings, headers, framing.

use super::Mutator;
use base64::prelude::{Engine, BASE64_STANDARD};
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::Request;
use std::io::Write;

/// The default of `limits.max_body_bytes`.
const MIB: usize = 1 << 20;
const CODINGS: &[&str] = &[
    "gzip",
    "x-gzip",
    "identity",
    "gzip, gzip",
    "br",
    "deflate",
    "\u{e9}",
];

impl Mutator<'_> {
    /// As SDKs pack bodies, or nearly so, with the header that says it.
    pub(super) fn encode(&mut self, text: Vec<u8>) -> (Vec<u8>, Option<&'static str>) {
        let mut body = match self.random.u32(..10) {
            0..=4 => text,
            5 | 6 => gzip(&text),
            7 => gzip(&gzip(&text)),
            8 => form(&text),
            _ => form(&gzip(&text)),
        };
        let is_gzip = body.starts_with(&[0x1f, 0x8b]);
        if self.one_in(8) {
            self.change(&mut body);
        }
        // Text that is compressed here grows less than the text did.
        body.truncate(MIB + 1);
        let coding = if self.one_in(16) {
            Some(self.one_of(CODINGS))
        } else {
            (is_gzip && self.random.bool()).then_some("gzip")
        };
        (body, coding)
    }

    /// Adds what browsers, proxies and senders of nonsense add.
    pub(super) fn dress(&mut self, mut request: Request) -> Request {
        let headers: [(&str, &[u8]); 9] = [
            ("origin", b"https://www.example.com"),
            ("origin", b"\xff\xfe null"),
            ("sec-gpc", b"1"),
            ("dnt", b"1"),
            ("authorization", b"Basic V1JJVEVfS0VZOg=="),
            ("authorization", b"Basic \xe9==:"),
            (
                "traceparent",
                b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ),
            ("traceparent", b"00-\xff"),
            ("x-forwarded-for", b"2001:db8::1, not an address"),
        ];
        for (name, value) in headers {
            if self.one_in(8) {
                request = request.header(name, value);
            }
        }
        if request.method == "POST" {
            if self.one_in(4) {
                let fewest = request.body.len() / 64;
                request = request.chunked(self.random.usize(1..=64 << 10).max(fewest));
            }
            if self.one_in(32) {
                request.method = self.one_of(&["PUT", "OPTIONS", "PATCH"]).to_owned();
            }
        }
        request
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn form(bytes: &[u8]) -> Vec<u8> {
    let data = url_safe(&BASE64_STANDARD.encode(bytes));
    format!("data={data}&verbose=1").into_bytes()
}

pub(super) fn url_safe(base64: &str) -> String {
    base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}
