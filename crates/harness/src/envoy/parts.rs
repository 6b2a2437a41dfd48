//! Parts that every configuration of Envoy has.

use serde_json::{json, Value};
use std::net::SocketAddr;

/// An HTTP filter by the last part of its name and of its type.
pub fn filter(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(ext(&format!("filters.http.{kind}")));
    json!({"name": format!("envoy.filters.http.{name}"), "typed_config": config})
}

/// The type of an extension's configuration, by the end of its name: `filters.http.lua.v3.Lua`.
pub fn ext(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.{name}")
}

/// A socket address as Envoy's configuration has it.
pub fn address(to: SocketAddr) -> Value {
    json!({"socket_address": {"address": to.ip(), "port_value": to.port()}})
}
