// After a decision: the marketplace's cabinet opens at the right place with the text copied. A blocked window leaves the link in the card.
document.addEventListener("qaitar:cabinet", (event) => {
  const { url, text } = event.detail;
  if (text) navigator.clipboard?.writeText(text).catch(() => {});
  if (/^https?:\/\//.test(url)) open(url, "_blank", "noopener,noreferrer");
});

// A key opens an act that is folded away: the fold opens around it.
document.addEventListener("toggle", (event) => {
  const fold = event.target.open && event.target.matches?.("[data-offer]") && event.target.closest("[data-fold]");
  if (!fold || fold.open) return;
  fold.open = true;
  event.target.querySelector("[data-confirm-press]").focus();
}, true);
