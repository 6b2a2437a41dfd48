// The table of records, and the life of the event that is open.

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
    // A person who marks text wants to copy it.
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
