// The records that are known, and the filters, which the address of the page keeps.

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
