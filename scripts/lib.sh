# Sourced by every script: the two ways of speaking, and the few paths that they share.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used where it is sourced

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
# Stands for the registry and the name of the image in every manifest; `make release IMAGE=...`
# writes another.
PLACEHOLDER_IMAGE=registry.example.com/freshpaint-webhooks
WASM_TARGET=wasm32-unknown-unknown
# 584 KiB, as wasm-opt leaves the module: each Envoy compiles it, and each worker keeps it.
MAX_MODULE_SIZE=598016

say() { printf '>> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# need <program> <where to get it>
need() { command -v "$1" >/dev/null || fail "\`$1\` was not found; $2"; }

# Runs a command whose output matters only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# True where $RUSTC (or else `rustc`) can compile for wasm32: an rlib of std is all it takes.
has_wasm_std() {
    local libdir
    libdir=$("${1:-rustc}" --print target-libdir --target "$WASM_TARGET" 2>/dev/null) || return 1
    compgen -G "$libdir/libstd-*.rlib" >/dev/null
}
