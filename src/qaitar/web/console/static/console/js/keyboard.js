// One key for each thing done often. Single keys can be switched off in the dialog of keys (WCAG 2.1.4).
const one = (selector) => document.querySelector(selector);
const STORE = "qaitar-single-keys";
const SETTLE_MS = 600;
const box = one("[data-keys-on]");
box.checked = localStorage.getItem(STORE) !== "off";
box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));

// After a decision the next case opens, unless a person wants to stay; the server reads the choice from a cookie.
const onward = one("[data-onward]");
onward.checked = !/(^|; )after-act=stay/.test(document.cookie);
onward.addEventListener("change", () => {
  document.cookie = `after-act=${onward.checked ? "next" : "stay"};path=/;max-age=31536000;samesite=lax`;
});

const typing = (node) => node.closest?.("textarea, select, [contenteditable]") || (node.matches?.("input") && !/^(checkbox|radio|button|submit)$/.test(node.type));
const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest("[data-row]");
const settling = () => one("#case[data-settling]");

function move(step) {
  const all = rows();
  if (!all.length) return one(step > 0 ? "[data-next]" : "[data-prev]")?.click();
  const here = all.indexOf(current());
  const to = here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step;
  if (to >= all.length && one(".more a")) return one(".more a").click();
  const next = all[Math.min(all.length - 1, Math.max(0, to))];
  next.querySelector("[data-open]").focus();
  next.scrollIntoView({ block: "nearest" });
}

// Shows what a numbered button of the case will do; pressed again, or where it is shown already, it does it.
function press(key) {
  const target = current()?.querySelector(`[data-key="${key}"]`) || one(`[data-key="${key}"]`);
  if (!target) return;
  const offer = target.closest("details[data-offer]");
  if (!offer) return target.click();
  const go = offer.querySelector("[data-confirm-press]");
  if (offer.open) {
    if (!settling()) go.form.requestSubmit(go);
    return;
  }
  offer.open = true;
  (offer.querySelector("input[type=radio]:checked, input[type=radio]:not(:disabled)") || go).focus();
  offer.scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  o: () => (current() || rows()[0])?.querySelector("[data-open]").click(),
  x: (event) => current()?.querySelector("[data-bulk]")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey })),
  u: () => one("[data-back]")?.click(),
  e: () => one("[data-view]")?.click(),
  r: () => one("[data-news-show]:not([hidden])")?.click(),
  z: () => [...document.querySelectorAll("[data-undo]")].pop()?.click(),
  "/": () => one("[data-search]")?.select(),
  "?": () => one("#keys").showModal(),
};

function hear(event) {
  if (event.key === "Escape") {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => { menu.open = false; });
    if (typing(event.target)) event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !/^Key[JK]$/.test(event.code) || !box.checked) return;
  if (typing(event.target) || one("dialog[open]")) return;
  // Keys are read by place too, so that a Russian or Kazakh layout needs no switching.
  const place = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : /^(Digit|Numpad)\d$/.test(event.code) && !event.shiftKey ? event.code.slice(-1) : event.key;
  const key = keys[event.key] ? event.key : place === "." && event.shiftKey ? "?" : place;
  if (/^[1-9n]$/.test(key)) {
    if (one(`[data-key="${key}"]`)) event.preventDefault();
    return press(key);
  }
  const act = event.code === "Slash" && !keys[event.key] ? keys[event.shiftKey ? "?" : "/"] : keys[key];
  if (!act) return;
  event.preventDefault();
  act(event);
}
document.addEventListener("keydown", hear);
document.addEventListener("keydown", (event) => {
  if (/^(Enter| )$/.test(event.key) && settling() && event.target.closest("[data-confirm-press]")) event.preventDefault();
}, true);
// The second half of a double click decides nothing.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("[data-confirm-press]")) event.preventDefault();
}, true);

// What was pressed before this file was there: moving, opening and searching is done now; nothing is decided unseen.
const LOOKS = /^(Key[JKOUE]|Slash|Enter)$/, EARLY_MS = 3000;
const early = globalThis.qaitarEarly;
document.removeEventListener("keydown", early.hear);
for (const event of early.keys) {
  if (!LOOKS.test(event.code) || performance.now() - event.timeStamp > EARLY_MS) continue;
  if (event.code !== "Enter") hear(event);
  else if (event.target === document.body) document.activeElement.closest("[data-open]")?.click();
}

// A case opens from a part of the queue: its address says which, so that the next one comes from there too.
function remember(event) {
  const link = event.target.closest?.("#queue [data-open]");
  if (link) link.search = new URL(link.closest("#queue").getAttribute("hx-get"), location).search;
}
for (const name of ["pointerdown", "click"]) document.addEventListener(name, remember, true);

// The next case, or a new state of this one, stands where the last one stood: for a moment no key decides on it, so that a
// double press decides nothing unseen.
let { url, version } = one("#case")?.dataset ?? {};
document.addEventListener("htmx:afterSwap", () => {
  const card = one("#case"), before = url;
  if (!card || card.dataset.url === url && card.dataset.version === version) return;
  ({ url, version } = card.dataset);
  card.toggleAttribute("data-settling", true);
  setTimeout(() => card.removeAttribute("data-settling"), SETTLE_MS);
  if (url === before) return;
  scrollTo({ top: 0 });
  card.querySelector("h1").focus({ preventScroll: true });
});
