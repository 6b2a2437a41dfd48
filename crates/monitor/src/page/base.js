// The live page asks once a second for new records and shows them. Text of an event goes in as
// text, never as markup.
//
// build.rs joins the scripts of this folder to one: a name of one of them is known in all.
const $ = (id) => document.getElementById(id);
const FAILURES = [
  "rejected", "timeout", "unreachable", "not_sent", "invalid", "refused", "expired", "no_room", "lost",
];
// The meaning of outcomes and reasons, where a word does not say it.
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
  // A proxy in front of the page answers in words of its own.
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
