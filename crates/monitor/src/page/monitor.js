// The live page asks once a second for new records and shows them. Text of an event goes in as
// text, never as markup.
const $ = (id) => document.getElementById(id);
const FAILURES = [
  "rejected", "timeout", "unreachable", "not_sent", "invalid", "refused", "expired", "no_room", "lost",
];
// What outcomes and reasons mean, where a word does not say it.
const MEANING = {
  timeout: "no whole answer in time", unreachable: "no connection, or no whole answer",
  duplicate: "was sent before, no webhook gets it twice",
  unwanted: "by options and rules of all webhooks", filter: "by the webhook's events",
  source: "by the webhook's sources", autocapture: "made by the SDK for its own service",
};
// Envoy records for 10 s after somebody has looked.
const KEPT_ROWS = 2000, SHOWN_ROWS = 300, EVERY = 1000, RECORDED_FOR = 10_000;

/** An element with attributes and children; a string child becomes text. */
function el(name, attributes = {}, ...children) {
  const made = name === "svg" || name === "rect" || name === "title"
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map(String));
  return made;
}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json", "x-freshpaint-monitor": "1" },
    body: JSON.stringify(body),
  };
  const signal = AbortSignal.timeout(RECORDED_FOR);
  const response = await fetch(`api/v1/${path}`, { cache: "no-store", signal, ...options });
  // What stands in front of the page answers in words of its own.
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401) throw new Error("log in again by loading the page anew");
  if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

/** Has exactly these children, and leaves those alone that are there: they may have the focus. */
function place(parent, wanted) {
  wanted.forEach((one, at) => {
    if (parent.children[at] !== one) parent.insertBefore(one, parent.children[at] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

// ---- what is known

const records = []; // newest first; `frozen` has those of the moment of a pause
let cursor = "", frozen = null, pressed = false, opened = "", skipped = 0, waiting = 0, sampled, looked, away;

function take(answer) {
  const now = Date.now();
  const wasAway = now - looked > RECORDED_FOR;
  if (wasAway) away = [looked, now];
  looked = now;
  cursor = answer.cursor;
  skipped += answer.missed + Math.max(0, answer.sampled - (sampled ?? answer.sampled));
  sampled = answer.sampled;
  if (answer.records.length === 0) return wasAway;
  records.push(...answer.records);
  records.sort((a, b) => b.t - a.t || b.n - a.n);
  records.length = Math.min(records.length, KEPT_ROWS);
  return true;
}

// ---- filters, which the address of the page keeps

const filters = $("filters");
const fields = () => [...new FormData(filters)].filter(([, value]) => value);

function readAddress() {
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    const field = filters.elements[key];
    if (!field) continue;
    if (field.tagName === "SELECT" && ![...field.options].some((one) => one.value === value)) {
      field.append(el("option", {}, value));
    }
    field.value = value;
  }
}

// Times are Envoy's, in the zone of the browser.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const clock = (t) => new Date(t).toTimeString().slice(0, 8);
const exact = (t) => `${clock(t)}.${String(t % 1000).padStart(3, "0")}`;

// The id under which a messageId is shown, when the text that is searched for is one.
let searched = "";

async function readSearch() {
  const text = new TextEncoder().encode(filters.elements.text.value);
  // Browsers hash on https and on localhost alone.
  const hash = text.length && await crypto.subtle?.digest("SHA-256", text);
  const bytes = hash ? [...new Uint8Array(hash, 0, 8)] : [];
  searched = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function matches(record, wanted) {
  const { webhook, outcome, type, from, to, text } = wanted;
  if (webhook && record.webhook !== webhook) return false;
  if (type && record.type !== type) return false;
  if (outcome === "failed" && !FAILURES.includes(record.outcome)) return false;
  if (outcome && outcome !== "failed" && record.outcome !== outcome) return false;
  const [late, early] = [from && clock(record.t) < from, to && clock(record.t) > to];
  // From 23:00 to 01:00 is a night.
  if (from && to && from > to ? late && early : late || early) return false;
  if (text && record.id === searched) return true;
  const haystack = [record.event, record.id, record.source, record.reason].join(" ").toLowerCase();
  return !text || haystack.includes(text.toLowerCase());
}

// ---- the table

function cell(name, text = "", classes = "") {
  return el("td", { "data-name": name, class: classes }, text ?? "");
}

/** Shows characters that cannot be seen, or would turn the text around, but for joined emoji. */
const plain = (text = "") => text.replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");

const lines = new WeakMap();

/** The line of a record, which is made once. */
function row(record) {
  const known = lines.get(record);
  if (known) return known;
  const line = el("tr", { class: "record" });
  lines.set(record, line);
  line.append(el("td", { class: "time" }));
  const title = new Date(record.t).toISOString();
  line.firstChild.append(el("button", { type: "button", title }, exact(record.t)));
  line.addEventListener("click", () => {
    // Who marks text wants to copy it.
    if (!getSelection().isCollapsed) return;
    opened = opened === keyOf(record) ? "" : keyOf(record);
    draw();
  });
  const reason = record.reason ?? MEANING[record.outcome];
  line.append(
    cell("", record.type), cell("", plain(record.event), "text"), cell("id", record.id, "code"),
    cell("source", record.source, "code"), cell("", record.webhook),
    cell("try", record.attempt, "number"),
    cell("", record.outcome + (reason ? `: ${reason}` : ""), `text ${record.outcome}`),
    cell("status", record.status, "number"), cell("ms", record.ms, "number"),
    cell("next", record.next ? clock(record.next) : ""),
  );
  return line;
}

/** What the records of one event have in common; a record without an id stands alone. */
const keyOf = (record) => record.id ?? `${record.w}.${record.n}`;

/** Every attempt at an event, oldest first. */
function attempts(id) {
  const list = el("ol");
  for (const record of records.filter((one) => keyOf(one) === id).reverse()) {
    const parts = [
      exact(record.t), record.webhook,
      record.attempt && `try ${record.attempt}`, record.outcome,
      record.status && `status ${record.status}`, record.ms !== undefined && `${record.ms} ms`,
      record.reason, MEANING[record.reason ?? record.outcome],
      record.next && `next try ${clock(record.next)}`,
    ];
    list.append(el("li", { class: record.outcome }, parts.filter(Boolean).join(" · ")));
  }
  return list;
}

const again = el("button", { type: "button" }, "Retry this event now");
const life = el("tr", { class: "life" });
life.append(el("td", { colspan: "11" }));
again.addEventListener("click", () => retry({ id: opened }));

/** The whole life of the event that is open, and what can be done for it. */
function tellLife() {
  again.hidden = records.find((one) => keyOf(one) === opened)?.outcome !== "held";
  place(life.firstChild, [attempts(opened), again]);
  return life;
}

function draw() {
  const wanted = Object.fromEntries(fields());
  const known = frozen ?? records;
  const found = known.filter((record) => matches(record, wanted));
  const shown = [];
  for (const record of found.slice(0, SHOWN_ROWS)) {
    const line = row(record), isOpen = keyOf(record) === opened;
    line.querySelector("button").setAttribute("aria-expanded", isOpen);
    shown.push(line);
    if (isOpen && !shown.includes(life)) shown.push(tellLife());
  }
  place($("rows"), shown);
  $("empty").hidden = found.length > 0;
  $("empty").textContent = known.length > 0
    ? "Nothing matches the filters."
    : "Nothing yet. Send an event, and it appears here within two seconds.";
  $("notice").textContent = [
    skipped > 0 && `${skipped} more were not recorded: a sample is shown at this rate.`,
    away && `This page did not look from ${clock(away[0])} to ${clock(away[1])}; `
      + "only observe.recent keeps what happened then.",
    found.length > SHOWN_ROWS && `The newest ${SHOWN_ROWS} of ${found.length} are shown.`,
  ].filter(Boolean).join(" ");
}

// ---- webhooks

function sparkline(minutes) {
  const most = Math.max(1, ...minutes.map(([ok, failed]) => ok + failed));
  const picture = el("svg", {
    viewBox: `0 0 ${minutes.length * 4} 20`, preserveAspectRatio: "none", role: "img",
  });
  const [ok, failed] = minutes.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  picture.append(el("title", {}, `Last 15 minutes: ${ok} delivered, ${failed} failed`));
  const bar = (x, y, height, kind) =>
    picture.append(el("rect", { x, y, width: 3, height, class: kind }));
  minutes.forEach(([good, bad], index) => {
    const [tall, top] = [20 * good / most, 20 * bad / most];
    bar(index * 4, 20 - tall, tall, "ok");
    bar(index * 4, 20 - tall - top, top, "failed");
  });
  return picture;
}

const cards = new Map();
const took = (ms) => ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;

/** The card of a webhook, which is made once. */
function card(webhook) {
  const [ok, all] = webhook.minutes.reduce(([a, b], [c, d]) => [a + c, b + c + d], [0, 0]);
  if (!cards.has(webhook.name)) {
    const made = el("li"), button = el("button", { type: "button" }, "Retry now");
    button.addEventListener("click", () => retry({ webhook: webhook.name }));
    made.append(el("h3"), el("dl"), el("p"), button);
    cards.set(webhook.name, made);
  }
  const made = cards.get(webhook.name), [name, figures, picture, button] = made.children;
  const isOpen = webhook.breaker === "open";
  const state = isOpen ? "keeps failing" : all ? "answers" : "not called yet";
  name.replaceChildren(webhook.name, el("small", {
    class: isOpen || all ? webhook.breaker : "",
    title: isOpen ? "The breaker is open: what is kept is tried one by one." : "",
  }, state));
  figures.replaceChildren();
  const isBad = ok < all / 2;
  // Latencies are known by their bucket.
  for (const [term, value, kind] of [
    ["success", all ? `${(100 * ok / all).toFixed(1)} %` : "–", isBad ? "failed" : ""],
    ["p50 / p95", webhook.p50 === null ? "–" : `≤ ${took(webhook.p50)} / ${took(webhook.p95)}`],
    ["in flight", webhook.in_flight], ["held", webhook.held],
  ]) figures.append(el("dt", {}, term), el("dd", { class: kind ?? "" }, value));
  picture.replaceChildren(sparkline(webhook.minutes));
  made.className = isOpen || isBad ? "bad" : "";
  button.hidden = webhook.held === 0;
  return made;
}

let skew = "";

function show(status) {
  $("plugin").textContent = `${status.plugin} · ${status.version}`;
  place($("webhooks"), status.webhooks.map(card));
  const ahead = Math.round((Date.now() - status.now) / 1000), by = `${Math.abs(ahead)} s`;
  skew = Math.abs(ahead) > 5
    ? ` · this browser's clock is ${by} ${ahead > 0 ? "ahead of" : "behind"} Envoy's`
    : "";
  const chosen = filters.elements.webhook;
  for (const { name } of status.webhooks) {
    if (![...chosen.options].some((one) => one.value === name)) {
      chosen.append(el("option", {}, name));
    }
  }
  offer(status);
  const { events, oldest_ms: oldest } = status.held;
  $("kept").hidden = events === 0;
  $("kept-text").textContent =
    `Kept to be tried again: ${events}, the oldest for ${Math.round(oldest / 1000)} s.`;
}

async function retry(what) {
  try {
    await ask("retry", what);
    $("notice").textContent = "Kept events are tried again within two seconds.";
  } catch (error) {
    $("notice").textContent = `Not done: ${error.message}`;
  }
}

// ---- the tester

/** Browsers have `randomUUID` on https and on localhost alone. */
const id = () => crypto.randomUUID?.()
  ?? [...crypto.getRandomValues(new Uint32Array(4))].map((one) => one.toString(36)).join("-");
const now = () => new Date().toISOString();
const EXAMPLES = {
  "Freshpaint HTTP API": ["track", "/track", () => ({ event: "Signed Up", properties: {
    distinct_id: "ada@example.com", $device_id: "d-1", $insert_id: id(), time: Date.now() / 1000 } })],
  "Segment": ["segment", "/v1/track", () => ({ type: "track", event: "Signed Up", messageId: id(),
    anonymousId: "d-1", userId: "ada@example.com", timestamp: now(), properties: { plan: "pro" } })],
  "Segment identify": ["segment", "/v1/identify", () => ({ type: "identify", messageId: id(),
    anonymousId: "d-1", userId: "ada@example.com", timestamp: now(), traits: { plan: "pro" } })],
  "PostHog": ["posthog", "/e", () => ({ event: "Signed Up", uuid: id(), distinct_id: "d-1",
    timestamp: now(), properties: { plan: "pro" } })],
  "React Native": ["react_native", "/react-native", () => ({ e: [{ event: "Signed Up", properties: {
    distinct_id: "d-1", $device_id: "d-1", $insert_id: id(), time: Date.now() / 1000,
    custom_props: { plan: "pro" } } }] })],
};
const tester = $("tester");
let prefix = "";

function fill() {
  const example = EXAMPLES[tester.elements.example.value];
  if (!example) return;
  const [, path, body] = example;
  tester.elements.path.value = prefix + path;
  tester.elements.body.value = JSON.stringify(body(), null, 2);
}

/** Offers an example of each dialect that is on. */
function offer(status) {
  const known = Object.keys(EXAMPLES).filter((name) => status.dialects.includes(EXAMPLES[name][0]));
  if (tester.elements.example.length === known.length && prefix === status.prefix) return;
  prefix = status.prefix;
  tester.elements.example.replaceChildren(...known.map((name) => el("option", {}, name)));
  fill();
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

let tested = [], answered;

/** What has come of the events that the tester delivered. */
function showAnswered() {
  answered?.replaceChildren(...tested.map(attempts));
}

async function test(event) {
  event.preventDefault();
  const deliver = event.submitter?.value === "deliver";
  const { path, body } = tester.elements;
  const result = $("result");
  result.replaceChildren(el("p", {}, "Asking …"));
  try {
    const answer = await ask("test", { path: path.value, body: body.value, deliver });
    const gets = answer.delivered || answer.reply.status >= 400 ? "The SDK gets" : "When a webhook accepts it, the SDK gets";
    result.replaceChildren(el("h2", {}, `${gets} ${answer.reply.status}`));
    result.append(el("pre", {}, answer.reply.body));
    for (const one of answer.events) {
      result.append(el("h2", {}, `Event ${one.index}: ${one.outcome}`
        + (one.reason ? `: ${one.reason}` : "")));
      for (const { webhook, body, reason } of one.webhooks) {
        result.append(el("h3", {}, webhook + (reason ? ` gets nothing: ${reason}` : " gets")));
        if (body) result.append(el("pre", {}, pretty(body)));
      }
    }
    if (answer.delivered) {
      answered = el("div", { id: "answered" });
      result.append(el("h2", {}, "What each webhook answered"), answered);
      tested = answer.events.map((one) => one.id);
      showAnswered();
    }
  } catch (error) {
    result.replaceChildren(el("p", { class: "failed" }, `Not done: ${error.message}`));
  }
}

// ---- wiring

const TABS = ["live", "test"];

function choose(view) {
  for (const name of TABS) {
    $(name).hidden = name !== view;
    const tab = $(`tab-${name}`);
    tab.setAttribute("aria-selected", String(name === view));
    tab.tabIndex = name === view ? 0 : -1;
  }
}

function tell(error) {
  $("state").className = error ? "bad" : "";
  $("state").textContent = error ? `Not connected: ${error.message}`
    : (frozen ? `Paused · ${waiting} new` : "Live") + ` · times in ${zone}${skew}`;
}

// Hidden and paused pages ask too: what nobody looks at is not recorded.
async function poll() {
  try {
    const [status, answer] = await Promise.all([ask("status"), ask(`records?after=${cursor}`)]);
    show(status);
    if (take(answer)) {
      if (frozen) waiting += answer.records.length;
      else if (!pressed) draw();
      showAnswered();
    }
    tell();
  } catch (error) {
    tell(error);
  }
  setTimeout(poll, EVERY);
}

for (const [at, view] of TABS.entries()) {
  $(`tab-${view}`).addEventListener("click", () => choose(view));
  // WAI-ARIA Authoring Practices, "Tabs".
  $(`tab-${view}`).addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
    if (to === undefined || event.altKey || event.metaKey) return;
    event.preventDefault();
    const other = TABS.at(to % TABS.length);
    choose(other);
    $(`tab-${other}`).focus();
  });
}
$("pause").addEventListener("click", () => {
  frozen = frozen ? null : [...records];
  waiting = 0;
  $("pause").setAttribute("aria-pressed", String(frozen !== null));
  draw();
  tell();
});
$("link").addEventListener("click", async () => {
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  $("notice").textContent = `The link with these filters: ${location.href}`;
});
// A row stays where it is while it is clicked.
addEventListener("pointerdown", () => { pressed = true; });
addEventListener("pointerup", () => { pressed = false; });
addEventListener("pointercancel", () => { pressed = false; });
$("retry-all").addEventListener("click", () => retry({}));
filters.addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["input", "reset"]) filters.addEventListener(kind, () => setTimeout(async () => {
  history.replaceState(null, "", `#${new URLSearchParams(fields())}`);
  await readSearch();
  draw();
}));
tester.addEventListener("submit", test);
tester.elements.example.addEventListener("change", fill);
$("new-id").addEventListener("click", fill);
readAddress();
await readSearch();
draw();
poll();
