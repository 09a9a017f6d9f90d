// What is typed is kept in this browser, by case and person, until the server has taken it; given back with a sentence.
import { changed } from "./hands.js";
const DAYS_KEPT = 7;
const slot = (form) => `qaitar-draft:${form.dataset.keep}:${form.getAttribute("action")}:${form.elements.act?.value ?? ""}`;
const typed = (form) => [...form.elements].filter((field) => field.name && !/^(hidden|file|submit|button|password)$/.test(field.type));

function keep(form) {
  const values = typed(form).filter(changed).map((field) => [field.name, /checkbox|radio/.test(field.type) ? field.value : null, /checkbox|radio/.test(field.type) ? field.checked : field.value]);
  if (values.length) localStorage.setItem(slot(form), JSON.stringify({ at: Date.now(), values }));
  else localStorage.removeItem(slot(form));
}
function read(form) {
  try {
    return JSON.parse(localStorage.getItem(slot(form)) ?? "null");
  } catch {
    return null;
  }
}
function giveBack(form) {
  const kept = read(form);
  if (!kept || form.querySelector(".draft")) return;
  let given = false;
  for (const [name, which, value] of kept.values) {
    const field = typed(form).find((each) => each.name === name && (which === null || each.value === which));
    if (!field || changed(field)) continue;
    if (which === null) field.value = value;
    else field.checked = value;
    given = given || changed(field);
  }
  if (!given) return;
  const notice = document.getElementById("draft-template").content.firstElementChild.cloneNode(true);
  form.prepend(notice);
  for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}
const forms = () => document.querySelectorAll("form[data-keep]");
const all = () => forms().forEach(giveBack);

document.addEventListener("input", (event) => event.target.form?.dataset.keep && keep(event.target.form));
document.addEventListener("change", (event) => event.target.form?.dataset.keep && keep(event.target.form));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-draft-drop]");
  if (!button) return;
  const form = button.closest("form");
  localStorage.removeItem(slot(form));
  form.reset();
  button.closest(".draft").remove();
});
// The server has taken it: an answer of 2xx.  A refusal draws the card anew, and the words come back into it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (form?.dataset?.keep && event.detail.xhr.status < 300) localStorage.removeItem(slot(form));
});
// A form sent without HTMX is known to be taken when the page that follows is ours and not the form itself.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.keep && !form.hasAttribute("hx-post")) sessionStorage.setItem("qaitar-sent", JSON.stringify([slot(form), location.href]));
});
const sent = JSON.parse(sessionStorage.getItem("qaitar-sent") ?? "null");
if (sent && sent[1] !== location.href) localStorage.removeItem(sent[0]);
sessionStorage.removeItem("qaitar-sent");

for (const name of Object.keys(localStorage)) {
  if (!name.startsWith("qaitar-draft:")) continue;
  try {
    if (Date.now() - JSON.parse(localStorage.getItem(name)).at > DAYS_KEPT * 86400000) localStorage.removeItem(name);
  } catch {
    localStorage.removeItem(name);
  }
}
document.addEventListener("htmx:afterSwap", all); // at once: a letter typed before it is back would stand for all of it
all();

// A press that got no answer is sent again by itself when the network is back, also when it came back before the press
// was known to have failed: the server does it once.
const unanswered = new Map(), sentAt = new WeakMap();
let back = 0;
function sendAgain() {
  const waiting = [...unanswered.values()].filter((form) => form.isConnected);
  unanswered.clear();
  waiting.slice(0, 1).forEach((form) => htmx.trigger(form, "submit"));
}
document.addEventListener("htmx:beforeSend", ({ detail }) => sentAt.set(detail.xhr, performance.now()));
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail: { elt: form, xhr } }) => {
    if (!form?.matches?.("#case form[hx-post]")) return;
    unanswered.set(form.getAttribute("action") + (form.elements.act?.value ?? ""), form);
    if (sentAt.get(xhr) < back) setTimeout(sendAgain);
  });
}
addEventListener("online", () => {
  back = performance.now();
  sendAgain();
});
