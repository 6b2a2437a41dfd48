#!/usr/bin/env bash
# Makes the two images of envoy/docker-compose.yaml where no registry can be reached: the Envoy
# binary and the webhook receiver of this machine, each with the libraries that it is linked to,
# under the names that the compose file uses. For trying the compose file; nobody should run what it
# makes.
set -euo pipefail
cd "$(dirname "$0")/../.."

envoy=$(scripts/envoy)
cargo build --quiet --locked --package freshpaint-harness --bin webhook-receiver
envoy_image=$(sed -n 's/^ *image: \(envoyproxy\/envoy:.*\)/\1/p' envoy/docker-compose.yaml)

# image <tag> <program> <name of the program> [change]
image() {
    local tag=$1 program=$2 name=$3 root
    shift 3
    root=$(mktemp -d)
    mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/tmp"
    cp "$program" "$root/usr/local/bin/$name"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    # The dynamic loader too: ldd names it without an arrow.
    ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
    tar -C "$root" -c . | docker import "$@" - "$tag"
    rm -rf "$root"
}

image "$envoy_image" "$envoy" envoy
image freshpaint-webhook-receiver "${CARGO_TARGET_DIR:-target}/debug/webhook-receiver" webhook-receiver \
    --change 'ENTRYPOINT ["webhook-receiver"]'
