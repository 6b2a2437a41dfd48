//! `in-v8 <envoy> <module>` times every case natively and in Envoy's V8, in turns, and prints a
//! Markdown table.

#[cfg(not(target_arch = "wasm32"))]
mod table;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    table::print()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
