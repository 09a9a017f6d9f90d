// What a person has in hand stays in the hand. News wait while somebody writes, chooses a file, reads a menu, answers a
// question or holds a button down; and whatever is drawn anew gives the focus back to the same thing in it.
const HELD_MS = 10000, SELECTED_MS = 10000, READ_MS = 6000, LOOK_MS = 300;
const one = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const card = () => one("#case") ?? document.body;
let held = 0, touched = 0, selected = 0, chooser = null, composing = false;

function hear(names, then) {
  for (const name of names) document.addEventListener(name, then, true);
}
hear(["pointerdown", "keydown"], () => { held = touched = Date.now(); chooser = null; });
hear(["pointerup", "pointercancel", "keyup"], () => { held = 0; });
hear(["compositionstart", "compositionend"], (event) => { composing = event.type === "compositionstart"; });
hear(["selectionchange"], () => { selected = Date.now(); });
hear(["click"], (event) => { if (event.target.matches?.("input[type=file]")) chooser = event.target; });
hear(["change", "cancel"], (event) => { if (event.target === chooser) chooser = null; });
addEventListener("blur", () => { held = 0; });

// A field holds something else than what was drawn.
export const changed = (field) => /checkbox|radio/.test(field.type) ? field.checked !== field.defaultChecked
  : field.options ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected))
  : field.type === "file" ? field.files.length > 0 : field.value !== field.defaultValue;

// Something would be torn out of the hand: nothing at all is drawn anew meanwhile.
const gripped = (part) => composing || Date.now() - held < HELD_MS || part.contains(chooser) || one("dialog[open], form.htmx-request") || one("details[data-menu][open]", part);
// Somebody is at work in this part: news of others wait.
export function handsOn(part) {
  const chosen = getSelection(), focus = document.activeElement;
  return gripped(part) || all("input:not([type=hidden]), textarea, select", part).some(changed)
    || Date.now() - selected < SELECTED_MS && chosen.type === "Range" && part.contains(chosen.anchorNode)
    || Date.now() - touched < READ_MS && focus?.closest("[data-offer]") && part.contains(focus);
}

// --- what waits until the hand is gone
let waiting = new Map(), looking = 0;
function wait(then, hinders) {
  if (!hinders(card())) return then();
  waiting.set(then, hinders);
  looking ||= setInterval(() => {
    const due = [...waiting].filter(([, still]) => !still(card()));
    due.forEach(([each]) => waiting.delete(each));
    if (!waiting.size) looking = clearInterval(looking);
    due.forEach(([each]) => each());
  }, LOOK_MS);
}
const look = () => document.body.dispatchEvent(new Event("qaitar:look"));
document.addEventListener("visibilitychange", () => document.hidden || look());

// --- the same place in what is drawn anew: by id, or by what the thing is and does
const act = (node) => one("[name=act]", node.closest("[data-offer]") ?? document.createElement("i"))?.value;
const sign = (node) => node.id || [node.tagName, node.name, /radio|checkbox|submit/.test(node.type) && node.value, node.getAttribute("href"), node.closest("form")?.getAttribute("action"), act(node), node.tagName === "SUMMARY" && node.textContent].join();
const alike = (node, inside) => all(node.tagName, inside).filter((each) => sign(each) === sign(node));
const drawn = new WeakMap();
const note = () => all("details").forEach((fold) => drawn.has(fold) || drawn.set(fold, fold.open));
const turned = (part) => all("details:not([data-menu])", part).filter((fold) => drawn.has(fold) && fold.open !== drawn.get(fold)).map((fold) => ({ summary: one("summary", fold), open: fold.open }));

function placeIn(part) {
  const focus = document.activeElement, place = { id: part.id, url: part.dataset.url };
  if (focus === document.body || !part.contains(focus)) return place;
  return { ...place, focus, nth: alike(focus, part).indexOf(focus), caret: [focus.selectionStart, focus.selectionEnd], rows: all("[data-row] [data-open]", part).map((link) => link.id) };
}
function giveBack(place, part) {
  const { focus, caret, rows } = place;
  if (!focus) return;
  if (document.activeElement === document.body) {
    const at = rows.indexOf(focus.id), near = [...rows.slice(at), ...rows.slice(0, Math.max(at, 0)).reverse()].find((id) => document.getElementById(id));
    const same = alike(focus, part)[place.nth];
    const go = same && !(place.done && same.closest("[data-offer]")) ? same : at >= 0 ? document.getElementById(near) : one("h1, [data-open]", part);
    go?.focus({ preventScroll: true });
  }
  // after the typed words have come back too
  if (typeof caret[0] === "number" && document.activeElement.id === focus.id) queueMicrotask(() => document.activeElement.setSelectionRange(...caret));
}
let place = null;
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const before = place;
  place = null;
  note();
  if (!before) return;
  if (before.url === target.dataset.url) (before.turned ?? []).forEach(({ summary, open }) => alike(summary, target).forEach((each) => { each.parentElement.open = open; }));
  giveBack(before, target);
});

// A card that came with an answer, not as news: shown as soon as nothing is torn out of a hand.
export function showCard(answer, wanted) {
  wait(() => {
    if (!wanted()) return;
    place = { ...placeIn(card()), turned: turned(card()) };
    htmx.swap("#case", answer, { swapStyle: "outerHTML" });
    look();
  }, gripped);
}

// --- what HTMX draws anew
export const news = (node) => node?.matches?.('[hx-trigger*="every "], [hx-trigger*="qaitar:"]');
const sent = new WeakMap(), guarded = new WeakSet();
document.addEventListener("htmx:beforeRequest", ({ detail }) => { sent.set(detail.xhr, placeIn(detail.target)); });
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, requestConfig, shouldSwap } = event.detail;
  if (!shouldSwap) return;
  if (!news(requestConfig.elt)) {
    const now = placeIn(target); // a button is put out while its press is on its way: then where the focus was counts
    place = { ...(now.focus || document.activeElement !== document.body ? now : sent.get(xhr) ?? now), done: xhr.status < 300 };
  } else if (!requestConfig.triggeringEvent?.detail?.asked && handsOn(target)) {
    event.detail.shouldSwap = false;
    wait(look, handsOn);
  } else place = { ...placeIn(target), turned: turned(target) };
});
// An answer whose place was drawn anew meanwhile is no news any more: it must not bring back what was left.
document.addEventListener("htmx:beforeSend", ({ target }) => {
  if (!news(target) || guarded.has(target)) return;
  guarded.add(target);
  target.addEventListener("htmx:beforeOnLoad", (event) => { if (event.target === target && !target.isConnected) event.preventDefault(); });
});
note();
