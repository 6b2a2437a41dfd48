// The card of each webhook, and what is kept.

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
