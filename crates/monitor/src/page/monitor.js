// The live page asks once a second for new records and shows them. Text of an event goes in as
// text, never as markup.
const $ = (id) => document.getElementById(id);
const FAILURES = [
  "rejected", "timeout", "unreachable", "not_sent", "invalid", "refused", "expired", "no_room", "lost",
];
const KEPT_ROWS = 2000, SHOWN_ROWS = 300, EVERY = 1000;

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
  const response = await fetch(`api/v1/${path}`, { cache: "no-store", ...options });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

// ---- what is known

const records = []; // newest first
let cursor = "", paused = false, opened = "", skipped = 0, sampled;

function take(answer) {
  cursor = answer.cursor;
  skipped += answer.missed + Math.max(0, answer.sampled - (sampled ?? answer.sampled));
  sampled = answer.sampled;
  if (answer.records.length === 0) return false;
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

const clock = (t) => new Date(t).toTimeString().slice(0, 8);

function matches(record, wanted) {
  const { webhook, outcome, type, from, to, text } = wanted;
  if (webhook && record.webhook !== webhook) return false;
  if (type && record.type !== type) return false;
  if (outcome === "failed" && !FAILURES.includes(record.outcome)) return false;
  if (outcome && outcome !== "failed" && record.outcome !== outcome) return false;
  if (from && clock(record.t) < from) return false;
  if (to && clock(record.t) > to) return false;
  const haystack = [record.event, record.id, record.source, record.reason].join(" ").toLowerCase();
  return !text || haystack.includes(text.toLowerCase());
}

// ---- the table

function cell(name, text = "", classes = "") {
  return el("td", { "data-name": name, class: classes }, text ?? "");
}

/** Shows the characters that would turn the text around as what they are. */
const plain = (text = "") => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

function row(record) {
  const line = el("tr", { class: "record" });
  const open = el("button", { type: "button", "aria-expanded": String(opened === keyOf(record)) });
  open.append(new Date(record.t).toISOString().slice(11, 23));
  open.addEventListener("click", () => {
    opened = opened === keyOf(record) ? "" : keyOf(record);
    draw();
  });
  const time = cell("", "", "time");
  time.append(open);
  line.append(
    time, cell("", record.type), cell("", plain(record.event), "text"), cell("id", record.id, "code"),
    cell("source", record.source, "code"), cell("", record.webhook),
    cell("try", record.attempt, "number"),
    cell("", record.outcome + (record.reason ? `: ${record.reason}` : ""), `text ${record.outcome}`),
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
      new Date(record.t).toISOString(), record.webhook,
      record.attempt && `try ${record.attempt}`, record.outcome,
      record.status && `status ${record.status}`, record.ms !== undefined && `${record.ms} ms`,
      record.reason, record.next && `next try ${clock(record.next)}`,
    ];
    list.append(el("li", { class: record.outcome }, parts.filter(Boolean).join(" · ")));
  }
  return list;
}

/** The whole life of an event, and what can be done for it. */
function life(id) {
  const again = el("button", { type: "button" }, "Retry this event now");
  again.addEventListener("click", () => retry({ id }));
  again.hidden = records.find((one) => keyOf(one) === id)?.outcome !== "held";
  const body = el("td", { colspan: "11" });
  body.append(attempts(id), again);
  const line = el("tr", { class: "life" });
  line.append(body);
  return line;
}

function draw() {
  const wanted = Object.fromEntries(fields());
  const found = records.filter((record) => matches(record, wanted));
  const lines = [];
  let isOpen = false;
  for (const record of found.slice(0, SHOWN_ROWS)) {
    lines.push(row(record));
    if (keyOf(record) === opened && !isOpen) {
      lines.push(life(opened));
      isOpen = true;
    }
  }
  const focused = document.activeElement?.closest("tr");
  const at = focused ? [...$("rows").children].indexOf(focused) : -1;
  $("rows").replaceChildren(...lines);
  if (at >= 0) $("rows").children[at]?.querySelector("button")?.focus({ preventScroll: true });
  $("empty").hidden = found.length > 0;
  $("empty").textContent = records.length > 0
    ? "Nothing matches the filters."
    : "Nothing yet. Send an event, and it appears here within two seconds.";
  $("notice").textContent = [
    skipped > 0 && `${skipped} more were not recorded: a sample is shown at this rate.`,
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

function card(webhook) {
  const [ok, all] = webhook.minutes.reduce(([a, b], [c, d]) => [a + c, b + c + d], [0, 0]);
  const made = el("li");
  const name = el("h3", {}, webhook.name);
  name.append(el("small", { class: webhook.breaker }, `breaker ${webhook.breaker}`));
  const figures = el("dl");
  for (const [term, value] of [
    ["success", all ? `${(100 * ok / all).toFixed(1)} %` : "–"],
    ["p50 / p95", webhook.p50 === null ? "–" : `${webhook.p50} / ${webhook.p95} ms`],
    ["in flight", webhook.in_flight], ["held", webhook.held],
  ]) figures.append(el("dt", {}, term), el("dd", {}, value));
  const again = el("button", { type: "button" }, "Retry now");
  again.hidden = webhook.held === 0;
  again.addEventListener("click", () => retry({ webhook: webhook.name }));
  made.append(name, figures, sparkline(webhook.minutes), again);
  return made;
}

function show(status) {
  $("plugin").textContent = `${status.plugin} · ${status.version}`;
  $("webhooks").replaceChildren(...status.webhooks.map(card));
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

const id = () => crypto.randomUUID();
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

function choose(view) {
  for (const name of ["live", "test"]) {
    $(name).hidden = name !== view;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === view));
  }
}

async function poll() {
  if (!paused && !document.hidden) {
    try {
      const [status, answer] = await Promise.all([ask("status"), ask(`records?after=${cursor}`)]);
      show(status);
      if (take(answer)) {
        draw();
        showAnswered();
      }
      $("state").className = "";
      $("state").textContent = "Live";
    } catch (error) {
      $("state").className = "bad";
      $("state").textContent = `Not connected: ${error.message}`;
    }
  }
  setTimeout(poll, EVERY);
}

$("tab-live").addEventListener("click", () => choose("live"));
$("tab-test").addEventListener("click", () => choose("test"));
$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("state").textContent = paused ? "Paused" : "Live";
});
$("link").addEventListener("click", async () => {
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  $("notice").textContent = `The link with these filters: ${location.href}`;
});
$("retry-all").addEventListener("click", () => retry({}));
filters.addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["input", "reset"]) filters.addEventListener(kind, () => setTimeout(() => {
  history.replaceState(null, "", `#${new URLSearchParams(fields())}`);
  draw();
}));
tester.addEventListener("submit", test);
tester.elements.example.addEventListener("change", fill);
$("new-id").addEventListener("click", fill);
readAddress();
draw();
poll();
