//! HTTP/1.1 messages out of a growing buffer.
//!
//! Nothing here reads a socket: give it what has arrived; it says whether that is a whole message
//! yet.

use anyhow::{bail, ensure, Result};

const MAX_HEADERS: usize = 256;

/// Header or trailer lines in the order they came, names as written.
pub type Headers = Vec<(String, Vec<u8>)>;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<S> {
    /// The first line.
    pub start: S,
    /// All headers.
    pub headers: Headers,
    /// The body with its framing taken away.
    pub body: Vec<u8>,
    /// The trailers after a chunked body.
    pub trailers: Headers,
}

/// Method and target.
pub type RequestLine = (String, String);

/// The request at the front of `buffer` and how many bytes it takes; `None` when more bytes are
/// needed.
pub fn request(buffer: &[u8]) -> Result<Option<(Message<RequestLine>, usize)>> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut slots);
    let httparse::Status::Complete(length) = head.parse(buffer)? else {
        return Ok(None);
    };
    let framing = Framing::of(head.headers)?.unwrap_or(Framing::Length(0));
    let start = (
        head.method.unwrap_or_default().to_owned(),
        head.path.unwrap_or_default().to_owned(),
    );
    finish(start, owned(head.headers), framing, buffer, length, false)
}

/// How many bytes the request at the front of `buffer` takes, without keeping anything of it.
pub fn request_length(buffer: &[u8]) -> Result<Option<usize>> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut slots);
    let httparse::Status::Complete(length) = head.parse(buffer)? else {
        return Ok(None);
    };
    match Framing::of(head.headers)? {
        None => Ok(Some(length)),
        Some(Framing::Length(body)) => Ok((buffer.len() >= length + body).then_some(length + body)),
        Some(_) => Ok(request(buffer)?.map(|(_, total)| total)),
    }
}

/// The response at the front of `buffer`, as [`request`]; `closed` says that no more bytes will
/// come.
pub fn response(
    buffer: &[u8],
    to_head: bool,
    closed: bool,
) -> Result<Option<(Message<u16>, usize)>> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut slots);
    let httparse::Status::Complete(length) = head.parse(buffer)? else {
        ensure!(
            !closed,
            "the connection was closed after {} bytes, before a whole response head",
            buffer.len()
        );
        return Ok(None);
    };
    let status = head.code.unwrap_or_default();
    let bodyless = to_head || status < 200 || status == 204 || status == 304;
    let framing = if bodyless {
        Framing::Length(0)
    } else {
        Framing::of(head.headers)?.unwrap_or(Framing::UntilClosed)
    };
    let whole = finish(status, owned(head.headers), framing, buffer, length, closed)?;
    ensure!(
        whole.is_some() || !closed,
        "the connection was closed in the middle of the body of a {status}"
    );
    Ok(whole)
}

#[derive(Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl Framing {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Option<Self>> {
        let mut framing = None;
        for header in headers {
            if header.name.eq_ignore_ascii_case("transfer-encoding") {
                ensure!(
                    header.value == b"chunked",
                    "a transfer-encoding other than chunked"
                );
                return Ok(Some(Self::Chunked));
            }
            if header.name.eq_ignore_ascii_case("content-length") {
                framing = Some(Self::Length(
                    std::str::from_utf8(header.value)?.trim().parse()?,
                ));
            }
        }
        Ok(framing)
    }
}

fn finish<S>(
    start: S,
    headers: Headers,
    framing: Framing,
    buffer: &[u8],
    head: usize,
    closed: bool,
) -> Result<Option<(Message<S>, usize)>> {
    let rest = &buffer[head..];
    let (body, trailers, length) = match framing {
        Framing::Length(length) if rest.len() >= length => {
            (rest[..length].to_vec(), Headers::new(), length)
        }
        Framing::UntilClosed if closed => (rest.to_vec(), Headers::new(), rest.len()),
        Framing::Length(_) | Framing::UntilClosed => return Ok(None),
        Framing::Chunked => match chunked(rest)? {
            Some(parts) => parts,
            None => return Ok(None),
        },
    };
    let message = Message {
        start,
        headers,
        body,
        trailers,
    };
    Ok(Some((message, head + length)))
}

fn chunked(buffer: &[u8]) -> Result<Option<(Vec<u8>, Headers, usize)>> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (line, size) = match httparse::parse_chunk_size(&buffer[at..]) {
            Ok(httparse::Status::Complete((line, size))) => (line, usize::try_from(size)?),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => bail!("a chunk without a size"),
        };
        at += line;
        if size == 0 {
            let mut slots = [httparse::EMPTY_HEADER; 32];
            return Ok(match httparse::parse_headers(&buffer[at..], &mut slots)? {
                httparse::Status::Complete((end, trailers)) => {
                    Some((body, owned(trailers), at + end))
                }
                httparse::Status::Partial => None,
            });
        }
        let Some(chunk) = buffer.get(at..at + size + 2) else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Headers {
    headers
        .iter()
        .map(|header| (header.name.to_owned(), header.value.to_vec()))
        .collect()
}

/// The first value of `name`, in any case, when it is text.
pub fn header<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| std::str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] =
        b"POST /track?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n";

    #[test]
    fn a_request_is_whole_only_with_its_last_byte() {
        for end in 0..CHUNKED.len() {
            assert_eq!(request(&CHUNKED[..end]).unwrap(), None, "{end} bytes");
            assert_eq!(
                request_length(&CHUNKED[..end]).unwrap(),
                None,
                "{end} bytes"
            );
        }
        let (message, length) = request(CHUNKED).unwrap().unwrap();
        assert_eq!(length, CHUNKED.len());
        assert_eq!(request_length(CHUNKED).unwrap(), Some(length));
        assert_eq!(message.start, ("POST".into(), "/track?a=b".into()));
        assert_eq!(message.body, b"abcde");
        assert_eq!(message.trailers, [("X-T".into(), b"1".to_vec())]);
    }

    #[test]
    fn a_response_without_a_length_ends_with_the_connection() {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\nrest";
        assert_eq!(response(bytes, false, false).unwrap(), None);
        let (message, _) = response(bytes, false, true).unwrap().unwrap();
        assert_eq!(
            (message.start, message.body.as_slice()),
            (200, &b"rest"[..])
        );
    }

    #[test]
    fn a_response_cut_short_is_an_error() {
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
        assert!(response(cut, false, true).is_err());
        assert!(response(b"HTTP/1.1 20", false, true).is_err());
    }
}
