// The tester, which shows what webhooks would get of an event.

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
