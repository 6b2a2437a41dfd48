//! The rules compiled as they are in the module, for wasm32, and run by Node.
#![cfg(target_arch = "wasm32")]

use freshpaint_core::event::Kind;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn kinds_have_the_names_of_the_contract() {
    assert_eq!(
        Kind::ALL.map(Kind::as_str),
        ["track", "page", "identify", "group"]
    );
}
