//! A client's request, and how it arrives.

use super::Headers;

/// A client's request, and how it arrives.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: Headers,
    /// The body as it comes in; with none the head ends the stream.
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) trailers: bool,
}

impl Request {
    pub(crate) fn new(method: impl Into<Vec<u8>>, path: impl Into<Vec<u8>>) -> Self {
        Self {
            head: vec![
                (":method".into(), method.into()),
                (":path".into(), path.into()),
                (":scheme".into(), b"http".into()),
                (":authority".into(), b"collect.test".into()),
            ],
            pieces: Vec::new(),
            trailers: false,
        }
    }

    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", path);
        request.pieces = vec![body.into()];
        request
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.head.push((name.into(), value.into()));
        self
    }

    /// The body cut after every `size` bytes.
    pub(crate) fn in_pieces_of(mut self, size: usize) -> Self {
        let body = self.pieces.concat();
        self.pieces = body.chunks(size).map(<[u8]>::to_vec).collect();
        self
    }

    /// The body as these pieces, of which some may be empty.
    pub(crate) fn pieces(mut self, pieces: Vec<Vec<u8>>) -> Self {
        self.pieces = pieces;
        self
    }

    /// Trailers end the stream, so that no piece of the body does.
    pub(crate) fn with_trailers(mut self) -> Self {
        self.trailers = true;
        self
    }
}
