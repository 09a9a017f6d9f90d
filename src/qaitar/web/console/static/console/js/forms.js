// Files by drop or paste. Without this file every form still works.
document.addEventListener("dragover", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("over");
});
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => event.target.closest?.("[data-drop]")?.classList.remove("over"));
}

// Several buttons mean different things ("import", "only look"): the person presses one of them.
const asksWhatToDo = (zone) => zone.querySelectorAll("[type=submit]").length > 1;
function take(zone, files) {
  if (zone.dataset.upload) return zone.dispatchEvent(new CustomEvent("qaitar:files", { bubbles: true, detail: files }));
  const input = zone.querySelector("input[type=file]");
  const bag = new DataTransfer();
  [...files].slice(0, input.multiple ? 50 : 1).forEach((file) => bag.items.add(file));
  if (!bag.files.length) return;
  input.files = bag.files;
  if (asksWhatToDo(zone)) return zone.querySelector("[type=submit]").focus();
  if (zone.querySelector("select, [required]:invalid") === null || zone.checkValidity()) zone.requestSubmit();
}
document.addEventListener("drop", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  take(zone, event.dataTransfer.files);
});
// Where a form has one button, choosing files is enough.
document.addEventListener("change", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (zone && !zone.dataset.upload && event.target.type === "file" && event.target.files.length && !asksWhatToDo(zone)) zone.requestSubmit();
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
