// Toasts, confirmation, copying, menus, the offline bar, and plain words for a request that failed.
import { news } from "./hands.js";
const words = document.getElementById("strings").dataset;
const shelf = document.getElementById("toasts");

export function toast(text, tone = "ok", ms = 6000) {
  const item = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  item.dataset.tone = tone;
  item.querySelector("[data-toast-text]").textContent = text;
  const use = item.querySelector(":scope > .icon use");
  const sign = { ok: "check", info: "info" }[tone] || "warning";
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${sign}`));
  shelf.append(item);
  leave(item, ms);
}
// Sentences leave by themselves, not while somebody is on them; warnings stay until read. One with a way back waits longer.
function leave(item, ms) {
  while (shelf.children.length > 3) shelf.firstElementChild.remove();
  if (!/ok|info/.test(item.dataset.tone) || item.dataset.leaving) return;
  item.dataset.leaving = "1";
  const gone = () => item.matches(":hover, :focus-within") ? setTimeout(gone, 1500) : item.remove();
  setTimeout(gone, ms);
}
const settle = () => [...shelf.children].forEach((item) => leave(item, item.querySelector("a, form") ? 14000 : 8000));
settle();
// What was said before is said: one act, one sentence.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target === shelf) shelf.querySelectorAll(':scope > :is([data-tone="ok"], [data-tone="info"])').forEach((item) => item.remove());
});
document.addEventListener("htmx:oobAfterSwap", settle);
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

// copying
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const area = document.createElement("textarea");
    area.value = button.dataset.copy;
    button.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(words.copied, "ok", 2000);
}

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  if (hit("[data-copy]")) copy(hit("[data-copy]"));
  if (hit("[data-toast-close]")) hit(".toast").remove();
  if (hit("[data-open-dialog]")) document.getElementById(hit("[data-open-dialog]").dataset.openDialog).showModal();
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// confirmation where undo would not be honest
const box = document.getElementById("confirm");
function ask(question, then) {
  box.querySelector("#confirm-text").textContent = question;
  box.returnValue = "no";
  box.addEventListener("close", () => box.returnValue === "yes" && then(), { once: true });
  box.showModal();
  box.querySelector("[data-confirm-yes]").focus();
}
document.addEventListener("htmx:confirm", (event) => {
  const form = event.target.closest("[data-confirm]");
  if (!form) return;
  event.preventDefault();
  ask(form.dataset.confirm, () => event.detail.issueRequest(true));
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.hasAttribute("hx-post") || form.dataset.confirmed) return;
  event.preventDefault();
  ask(form.dataset.confirm, () => {
    form.dataset.confirmed = "1";
    form.requestSubmit(event.submitter);
  });
});

// a request that failed
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  const text = status === 429 ? words.often : status === 401 || status === 403 ? words.denied : words.failed;
  toast(text, "danger");
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail: { elt, requestConfig } }) => {
    if (!news(elt) || requestConfig.triggeringEvent?.detail?.asked) toast(words.unsure, "danger"); // news come unasked
  });
}

// network
const bar = document.querySelector("[data-offline]");
const network = () => { bar.hidden = navigator.onLine; };
addEventListener("online", network);
addEventListener("offline", network);
network();
