// Files by drop or paste with progress, and typed text that survives a lost page. Without this file every form still works.
document.addEventListener("dragover", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("over");
});
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => event.target.closest?.("[data-drop]")?.classList.remove("over"));
}

function take(zone, files) {
  const input = zone.querySelector("input[type=file]");
  const bag = new DataTransfer();
  [...files].slice(0, input.multiple ? 50 : 1).forEach((file) => bag.items.add(file));
  if (!bag.files.length) return;
  input.files = bag.files;
  if (zone.querySelector("select, [required]:invalid") === null || zone.checkValidity()) zone.requestSubmit();
}
document.addEventListener("drop", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  take(zone, event.dataTransfer.files);
});
// Choosing files is enough: nobody has to press a second button.
document.addEventListener("change", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (zone && event.target.type === "file" && event.target.files.length) zone.requestSubmit();
});
document.addEventListener("paste", (event) => {
  const zone = document.querySelector("[data-drop]");
  if (!zone || !event.clipboardData.files.length) return;
  event.preventDefault();
  take(zone, event.clipboardData.files);
});
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector?.("progress");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = Math.round((event.detail.loaded / event.detail.total) * 100);
});

// drafts
const key = (field) => `draft:${field.dataset.draft}`;
function restore() {
  document.querySelectorAll("[data-draft]").forEach((field) => {
    const kept = sessionStorage.getItem(key(field));
    if (kept && !field.value) field.value = kept;
  });
}
document.addEventListener("input", (event) => {
  if (event.target.dataset?.draft) sessionStorage.setItem(key(event.target), event.target.value);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  event.detail.elt.querySelectorAll?.("[data-draft]").forEach((field) => sessionStorage.removeItem(key(field)));
});
document.addEventListener("htmx:afterSettle", restore);
restore();
