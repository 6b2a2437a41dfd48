//! A monitor beside a collector in one VM: what it serves, and what the collector has of it.

mod actions;
mod records;
mod requests;

use std::time::Duration;

use serde_json::Value;

use crate::host::{Answer, Call, Host, Request, RootId};

const SECOND: Duration = Duration::from_secs(1);

/// A VM with a collector and the monitor that shows it.
struct Vm {
    host: Host,
    collector: RootId,
    monitor: RootId,
}

impl Vm {
    /// The webhook asks for a minute before the next try.
    fn put_off(&mut self, call: &Call) {
        let headers: [(&str, &[u8]); 3] = [
            (":status", b"429"),
            ("retry-after", b"60"),
            ("x-envoy-upstream-service-time", b"1"),
        ];
        self.host.end(call, &headers);
    }

    fn with(configuration: &Value) -> Self {
        let mut host = Host::with(configuration);
        let collector = host.root();
        host.set_plugin_name("monitor");
        assert!(host.configure(r#"{"monitor": {"of": "webhooks"}}"#));
        let monitor = host.root();
        Self {
            host,
            collector,
            monitor,
        }
    }

    /// A request to the collector.
    fn collect(&mut self, request: &Request) -> Vec<Call> {
        self.host.select(self.collector);
        self.host.collect(request);
        self.host.calls()
    }

    /// A request to the monitor.
    fn ask(&mut self, request: Request) -> Option<Answer> {
        self.host.select(self.monitor);
        let stream = self.host.collect(&local(request));
        self.host.answer(stream)
    }

    fn get(&mut self, path: &str) -> Value {
        let answer = self.ask(Request::new("GET", path)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_str(answer.text()).unwrap()
    }

    fn records(&mut self) -> Vec<Value> {
        self.get("/api/v1/records")["records"]
            .as_array()
            .unwrap()
            .clone()
    }
}

pub(crate) fn local(mut request: Request) -> Request {
    request.head.retain(|(name, _)| name != ":authority");
    request.header(":authority", "localhost:9902")
}

pub(crate) fn action(path: &str, body: &Value) -> Request {
    Request::post(path, body.to_string())
        .header("content-type", "application/json")
        .header("x-freshpaint-monitor", "1")
}

/// Some members of each record.
fn told(records: &[Value], members: &[&str]) -> Vec<Value> {
    let tell = |record: &Value| {
        members
            .iter()
            .map(|member| record[*member].clone())
            .collect()
    };
    records.iter().map(tell).collect()
}
