#!/usr/bin/env bash
# Starts envoy/docker-compose.yaml, sends an event, and checks what both webhooks printed. Says
# "skipped" and why when there is no Docker engine or no image. Needs the built module
# (`make build`).
#
#   tests/compose/run.sh            pulls and builds the images that are missing
#   tests/compose/run.sh --local    is skipped when an image is missing
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
    printf 'skipped: %s\n' "$*"
    exit 0
}
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

command -v curl >/dev/null || skip "curl was not found"
command -v docker >/dev/null || skip "docker was not found"
# Some clients exit with 0 when no engine answers; what only the engine knows tells.
[ -n "$(docker info --format '{{.ServerVersion}}' 2>/dev/null || true)" ] || skip "no Docker engine answers"
if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
elif command -v docker-compose >/dev/null; then
    compose=(docker-compose)
else
    skip "neither \`docker compose\` nor docker-compose was found"
fi
envoy_image=$(sed -n 's/^ *image: \(envoyproxy\/envoy:.*\)/\1/p' envoy/docker-compose.yaml)
if [ "${1:-}" = --local ]; then
    for image in "$envoy_image" freshpaint-webhook-receiver; do
        docker image inspect "$image" >/dev/null 2>&1 || skip "there is no image $image here yet"
    done
fi
[ -f target/freshpaint_webhooks.wasm ] || fail "there is no target/freshpaint_webhooks.wasm; run \`make build\` first"

# A project of its own and any free port, so that nothing else that runs here is in the way.
export ENVOY_PORT=0 MONITOR_PORT=0
compose+=(--project-name "freshpaint-test-$$" --file envoy/docker-compose.yaml)
trap '"${compose[@]}" down --timeout 5 --volumes >/dev/null 2>&1' EXIT
"${compose[@]}" up --detach

# within <seconds> <command> [args]: until the command succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}
give_up() {
    "${compose[@]}" logs --no-color >&2
    fail "$*"
}

url=http://$("${compose[@]}" port envoy 10000)
answers() { curl --silent --fail --output /dev/null --request OPTIONS --header 'Origin: http://localhost' "$url/track"; }
within 60 answers || give_up "Envoy does not answer on $url"

# shellcheck disable=SC2016 # the dollar signs are the SDK's
answer=$(curl --silent --show-error --write-out ' %{http_code}' "$url/track" --data \
    '{"event":"Signed Up","properties":{"distinct_id":"ada@example.com","$device_id":"d-1","time":1672262210,"$insert_id":"m-1","plan":"pro"}}')
[ "$answer" = "1 200" ] || give_up "Envoy answered \"$answer\" instead of \"1 200\""

page=http://$("${compose[@]}" port envoy 9902)
# An engine may publish on another address than the one it is told.
case $page in http://127.0.0.1:*) ;; *) give_up "the live page is published at $page" ;; esac
curl --silent --fail "$page/" | grep --quiet '<title>Freshpaint Webhooks</title>' || give_up "no live page at $page"

expected='{"event":"Signed Up","type":"track","timestamp":"2022-12-28T21:16:50Z","messageId":"m-1","anonymousId":"d-1","userId":"ada@example.com","context":{"page":null},"properties":{"plan":"pro"}}'
# The receivers indent the JSON; the names of the containers stand before each line.
shown() { "${compose[@]}" logs --no-color "$1" | sed 's/^[^|]*| //' | tr -d '\n' | sed 's/  *\([]{}"[]\)/\1/g; s/": /":/g'; }
delivered() { shown "$1" | grep --quiet --fixed-strings "$expected"; }
for webhook in crm warehouse; do
    within 20 delivered "$webhook" || give_up "$webhook did not get $expected; it showed: $(shown "$webhook")"
    printf '%s got the event\n' "$webhook"
done
