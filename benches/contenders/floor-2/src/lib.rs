//! Takes the body and dispatches it unparsed: as many calls to each webhook as events of the size
//! that it is told fit into the body, each with its share of the bytes, so that number and size of
//! the calls are those of the whole job. It answers 200 when all calls have ended, however they
//! did.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType};
use std::rc::Rc;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

/// How large an event is, and the clusters that each piece of a body goes to.
#[derive(Clone, Default)]
struct Root {
    event_bytes: usize,
    clusters: Rc<[String]>,
}

struct Stream {
    root: Root,
    in_flight: u32,
}

impl Context for Root {}

impl RootContext for Root {
    /// The configuration is `<bytes of an event> <cluster> ...`.
    fn on_configure(&mut self, _: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut words = text.split_ascii_whitespace();
        self.event_bytes = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        self.clusters = words.map(str::to_owned).collect();
        self.event_bytes > 0 && !self.clusters.is_empty()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream {
            root: self.clone(),
            in_flight: 0,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        self.in_flight -= 1;
        if self.in_flight == 0 {
            let _ = hostcalls::send_http_response(200, vec![], None);
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            let body = hostcalls::get_buffer(BufferType::HttpRequestBody, 0, size);
            self.dispatch(&body.ok().flatten().unwrap_or_default());
        }
        Action::Pause
    }
}

impl Stream {
    fn dispatch(&mut self, body: &[u8]) {
        let pieces = (body.len() / self.root.event_bytes).max(1);
        let share = body.len().div_ceil(pieces).max(1);
        for piece in body.chunks(share) {
            for cluster in self.root.clusters.iter() {
                let headers = vec![
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":authority", "webhook.example.com"),
                    (":path", "/in"),
                    ("content-type", "application/json"),
                    ("user-agent", "floor-2"),
                ];
                let timeout = Duration::from_secs(5);
                let call =
                    hostcalls::dispatch_http_call(cluster, headers, Some(piece), vec![], timeout);
                if call.is_ok() {
                    self.in_flight += 1;
                }
            }
        }
    }
}
