// After a decision: the marketplace's cabinet opens at the right place with the text copied. A blocked window leaves the link in the card.
document.addEventListener("qaitar:cabinet", (event) => {
  const { url, text } = event.detail;
  if (text) navigator.clipboard?.writeText(text).catch(() => {});
  if (/^https?:\/\//.test(url)) open(url, "_blank", "noopener,noreferrer");
});

// News about the open case do not wipe out what somebody is just typing: the card waits until it is sent or left.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Retarget")) return;
  const dirty = [...document.querySelectorAll("#case textarea, #case input:not([type=hidden])")].some((field) =>
    field.type === "file" ? field.files.length : /checkbox|radio/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
  if (dirty) event.detail.shouldSwap = false;
});

// A key opens an act that is folded away: the fold opens around it.
document.addEventListener("toggle", (event) => {
  const fold = event.target.open && event.target.matches?.("[data-offer]") && event.target.closest("[data-fold]");
  if (!fold || fold.open) return;
  fold.open = true;
  event.target.querySelector("[data-confirm-press]").focus();
}, true);
