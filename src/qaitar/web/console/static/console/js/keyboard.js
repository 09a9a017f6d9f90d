// One key for each thing done often. Single keys can be switched off in the dialog of keys (WCAG 2.1.4).
const one = (selector) => document.querySelector(selector);
const STORE = "qaitar-single-keys";
const box = one("[data-keys-on]");
box.checked = localStorage.getItem(STORE) !== "off";
box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));

const typing = (node) => node.closest?.("textarea, select, [contenteditable]") || (node.matches?.("input") && !/^(checkbox|radio|button|submit)$/.test(node.type));

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return one(step > 0 ? "[data-next]" : "[data-prev]")?.click();
  const here = rows.indexOf(document.activeElement?.closest("[data-row]"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step))];
  next.querySelector("[data-open]").focus();
  next.scrollIntoView({ block: "nearest" });
}

// Opens the numbered button of the case: its list of effects shows, and Enter does it.
function press(key) {
  const here = document.activeElement?.closest("[data-row]");
  const target = here?.querySelector(`[data-key="${key}"]`) || one(`[data-key="${key}"]`);
  if (!target) return;
  const offer = target.closest("details[data-offer]");
  if (!offer) return target.click();
  offer.open = true;
  (offer.querySelector("input[type=radio]:checked, input[type=radio]:not(:disabled)") || offer.querySelector("[data-confirm-press]")).focus();
  offer.scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: (event) => document.activeElement?.closest("[data-row]")?.querySelector("[data-bulk]")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey })),
  u: () => one("[data-back]")?.click(),
  e: () => one("[data-view]")?.click(),
  "/": () => one("[data-search]")?.select(),
  "?": () => one("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => { menu.open = false; });
    if (typing(event.target)) event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !box.checked) return;
  if (typing(event.target) || one("dialog[open]")) return;
  // Keys are read by place too, so that a Russian or Kazakh layout needs no switching.
  const place = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
  const key = keys[event.key] ? event.key : place === "." && event.shiftKey ? "?" : place;
  if (/^[1-9n]$/.test(key)) {
    if (one(`[data-key="${key}"]`)) event.preventDefault();
    return press(key);
  }
  const act = event.code === "Slash" && !keys[event.key] ? keys[event.shiftKey ? "?" : "/"] : keys[key];
  if (!act) return;
  event.preventDefault();
  act(event);
});
