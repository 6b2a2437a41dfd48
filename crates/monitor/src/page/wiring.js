// Polls the API, and ties buttons, tabs and fields to the rest.

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
