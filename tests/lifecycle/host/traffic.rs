//! Requests from clients, and the calls that they lead to.

use proxy_wasm::types::{Action, Status};

use super::callbacks::{
    announce_end, callback, during, end_stream, proxy_on_context_create,
    proxy_on_http_call_response, proxy_on_request_data, proxy_on_request_headers,
    proxy_on_request_trailers,
};
use super::state::{self, next_id, with};
use super::vm::{Host, StreamId};
use super::{Call, Headers, Request};

impl Host {
    /// Lets a whole request in, and says what the filter chain was told to do at each step.
    pub(crate) fn send(&mut self, request: &Request) -> (StreamId, Vec<Action>) {
        let stream = self.open(&request.head);
        let mut actions =
            vec![self.headers(stream, request.pieces.is_empty() && !request.trailers)];
        for (index, piece) in request.pieces.iter().enumerate() {
            let is_last = index + 1 == request.pieces.len() && !request.trailers;
            if self.is_open(stream) {
                actions.push(self.body(stream, piece, is_last));
            }
        }
        if request.trailers && self.is_open(stream) {
            actions.push(callback!(stream.0, proxy_on_request_trailers(stream.0, 1)));
        }
        (stream, actions)
    }

    /// Lets a request in, and runs the loop's next turn.
    pub(crate) fn collect(&mut self, request: &Request) -> StreamId {
        let (stream, _) = self.send(request);
        self.turn();
        stream
    }

    /// A new stream; nothing has been shown to the module yet.
    pub(crate) fn open(&mut self, head: &Headers) -> StreamId {
        let (stream, root) = (next_id(), self.root().0);
        with(|state| {
            let (head, piece, answered) = (head.clone(), Vec::new(), false);
            state.streams.insert(
                stream,
                state::Stream {
                    root,
                    head,
                    piece,
                    answered,
                },
            );
        });
        callback!(stream, proxy_on_context_create(stream, root));
        StreamId(stream)
    }

    /// From now on, streams come on the connection with this number.
    pub(crate) fn come_on(&mut self, connection: u64) {
        with(|state| state.connection = Some(connection));
    }

    /// From now on, so many bytes of each body have come, whether the module is given them or not.
    pub(crate) fn keep_back(&mut self, bytes: u64) {
        with(|state| state.kept_back = bytes);
    }

    pub(crate) fn headers(&mut self, stream: StreamId, end_of_stream: bool) -> Action {
        let headers = with(|state| state.streams[&stream.0].head.len());
        callback!(
            stream.0,
            proxy_on_request_headers(stream.0, headers, end_of_stream)
        )
    }

    /// A piece of the body. Envoy keeps none of them while the filter pauses: it is told not to.
    pub(crate) fn body(&mut self, stream: StreamId, piece: &[u8], end_of_stream: bool) -> Action {
        with(|state| state.streams.get_mut(&stream.0).unwrap().piece = piece.to_vec());
        let action = callback!(
            stream.0,
            proxy_on_request_data(stream.0, piece.len(), end_of_stream)
        );
        with(|state| {
            if let Some(stream) = state.streams.get_mut(&stream.0) {
                stream.piece.clear();
            }
        });
        // proxy-wasm-cpp-host `include/proxy-wasm/context.h`, `FilterDataStatus`.
        match action {
            0 => Action::Continue,
            3 => Action::Pause,
            other => {
                panic!("{other}: Envoy would keep the piece, and refuse more than it may keep")
            }
        }
    }

    /// The client hangs up.
    pub(crate) fn leave(&mut self, stream: StreamId) {
        end_stream(stream.0);
    }

    /// The client hangs up, and the host, having told the module, has not got to destroying its own
    /// context: Envoy does so at the end of the turn of its loop (`deferredDelete`), and knows the
    /// context until then.
    pub(crate) fn leave_but_linger(&mut self, stream: StreamId) {
        announce_end(stream.0);
    }

    /// The turn of the loop ends for a stream that lingers.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        with(|state| state.streams.remove(&stream.0));
    }

    /// Neither answered nor given up by its client.
    pub(crate) fn is_open(&self, stream: StreamId) -> bool {
        with(|state| state.streams.contains_key(&stream.0))
    }

    /// From now on calls to this cluster fail at once, as calls to a cluster that Envoy does not
    /// know, or that has no host.
    pub(crate) fn refuse_calls(&mut self, cluster: &str, refusal: Status) {
        with(|state| state.refusals.insert(cluster.to_owned(), refusal));
    }

    /// The calls since the last time of asking, in order.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        with(|state| std::mem::take(&mut state.calls))
    }

    /// The one call since the last time of asking.
    pub(crate) fn call(&mut self) -> Call {
        match <[Call; 1]>::try_from(self.calls()) {
            Ok([call]) => call,
            Err(calls) => panic!("one call, not {}: {calls:?}", calls.len()),
        }
    }

    /// The webhook answers with this status.
    pub(crate) fn respond(&mut self, call: &Call, status: u16) {
        let status = status.to_string();
        let headers = [
            (":status", status.as_bytes()),
            ("x-envoy-upstream-service-time", b"3"),
        ];
        self.end(call, &headers);
    }

    /// The call times out: Envoy answers in the webhook's place.
    pub(crate) fn time_out(&mut self, call: &Call) {
        self.end(
            call,
            &[(":status", b"504"), ("content-type", b"text/plain")],
        );
    }

    /// The answer breaks off after its headers: Envoy says nothing of it at all.
    pub(crate) fn break_off(&mut self, call: &Call) {
        self.end(call, &[]);
    }

    /// The call ends with these headers.
    pub(crate) fn end(&mut self, call: &Call, headers: &[(&str, &[u8])]) {
        let headers: Headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        let count = headers.len();
        let root = with(|state| {
            state.response = headers;
            state
                .in_flight
                .remove(&call.token)
                .expect("it has ended before")
        });
        with(|state| state.response_root = root);
        // Calls of a root that is gone are cancelled.
        if with(|state| state.roots.contains_key(&root)) {
            callback!(
                root,
                proxy_on_http_call_response(root, call.token, count, 0, 0)
            );
        }
        with(|state| state.response.clear());
    }
}
