//! A client that is still sending when it is refused gets its answer all the same.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{assert_accepted, Bed, Setup};
use freshpaint_harness::{Connection, H2Connection, Request};
use serde_json::json;

const MIB: usize = 1 << 20;
const UPLOAD: usize = 6 * MIB;

/// Each kind of client gets this status for a body of 6 MiB.
fn assert_answered(bed: &Bed, method: &str, target: &str, status: u16) {
    let mut request = Request::new(method, target);
    request.body = vec![b' '; UPLOAD];
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    for round in 0..3 {
        let replies = [
            bed.send(&request),
            bed.send(&request.clone().chunked(60_000)),
            h2.request(&request).unwrap(),
        ];
        for (way, reply) in replies.iter().enumerate() {
            assert_eq!(reply.status, status, "round {round}, way {way}");
        }
        assert_eq!(python(bed, method, target), status.to_string());
    }
}

/// Python's `http.client` sends the whole body before it looks for an answer.
fn python(bed: &Bed, method: &str, target: &str) -> String {
    let program = format!(
        "import http.client\n\
         client = http.client.HTTPConnection('{}', timeout=20)\n\
         client.request('{method}', '{target}', b' ' * {UPLOAD})\n\
         print(client.getresponse().status)",
        bed.envoy.address()
    );
    let mut python = Command::new("python3")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(program.as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_body_that_is_too_large() {
    assert_answered(&Setup::new(&["crm"]).start(), "POST", "/v1/batch", 413);
}

#[test]
fn a_body_that_is_no_event() {
    let limits = json!({"max_body_bytes": 8 * MIB, "max_decoded_bytes": 8 * MIB});
    let bed = Setup::new(&["crm"]).with("limits", limits).start();
    assert_answered(&bed, "POST", "/v1/batch", 400);
}

#[test]
fn a_slow_client_can_send_to_its_end() {
    let bed = Setup::new(&["crm"]).start();
    let mut client = Connection::open(bed.envoy.address()).unwrap();
    let head = format!("POST /v1/batch HTTP/1.1\r\nhost: h\r\ncontent-length: {UPLOAD}\r\n\r\n");
    client.send(head.as_bytes()).unwrap();
    let piece = vec![b' '; UPLOAD / 12];
    for _ in 0..12 {
        client.send(&piece).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(client.response().unwrap().status, 413);
    // The request has ended, so the connection goes on.
    let (_, request) = crate::support::track();
    assert_accepted(&client.request(&request).unwrap());
}

#[test]
fn a_client_that_never_stops_is_answered_all_the_same() {
    let bed = Setup::new(&["crm"]).start();
    let mut client = Connection::open(bed.envoy.address()).unwrap();
    client
        .send(b"POST /v1/batch HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 1 << 16], b"\r\n"].concat();
    // 16 MiB are passed over, so that the answer comes before the last of 32 MiB.
    let sent = (0..512).take_while(|_| client.send(&chunk).is_ok()).count();
    assert!(sent >= 256, "{sent} of 64 KiB");
    assert_eq!(client.response().unwrap().status, 413);
}
