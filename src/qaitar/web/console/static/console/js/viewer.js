// Photos and acts looked at in place: next, previous, turn, full size.
const dialog = document.getElementById("viewer");
const stage = dialog.querySelector("[data-viewer-stage]");
let at = 0;
const links = () => [...document.querySelectorAll("[data-view]")];

function show(index) {
  const all = links();
  at = (index + all.length) % all.length;
  const link = all[at];
  delete dialog.dataset.zoom;
  dialog.dataset.turn = "0";
  dialog.querySelector("#viewer-title").textContent = link.dataset.viewTitle;
  dialog.querySelector("[data-viewer-place]").textContent = `${at + 1} / ${all.length}`;
  dialog.querySelector("[data-viewer-file]").href = link.href;
  const node = document.createElement(link.dataset.viewType);
  if (node.tagName === "VIDEO") node.controls = true;
  if (node.tagName === "IMG") node.alt = link.dataset.viewTitle;
  else node.title = link.dataset.viewTitle;
  node.src = link.dataset.view;
  stage.replaceChildren(node);
  if (!dialog.open) dialog.showModal();
}
const acts = {
  prev: () => show(at - 1),
  next: () => show(at + 1),
  turn: () => { dialog.dataset.turn = String((Number(dialog.dataset.turn) + 1) % 4); },
  zoom: () => dialog.toggleAttribute("data-zoom"),
  close: () => dialog.close(),
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-view]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(links().indexOf(link));
  }
  const button = event.target.closest("[data-viewer]");
  if (button) acts[button.dataset.viewer]();
});
dialog.addEventListener("keydown", (event) => {
  const act = { ArrowLeft: "prev", KeyK: "prev", ArrowRight: "next", KeyJ: "next", KeyR: "turn", KeyZ: "zoom" }[event.code];
  if (act) acts[act]();
});
dialog.addEventListener("close", () => stage.replaceChildren());
