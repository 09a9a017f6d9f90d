// Photos, acts and videos looked at in place: next, previous, turn, larger, and two beside each other.
const dialog = document.getElementById("viewer");
const part = (name, inside = dialog) => inside.querySelector(`[data-viewer-${name}]`);
const other = part("other"), choice = part("with"), failed = part("error");
const ZOOM_MAX = 6;
const PARTNER = { PHOTO_PACKAGING: "UNPACKING", UNPACKING: "PHOTO_PACKAGING", PHOTO_GOODS: "PHOTO_DAMAGE", PHOTO_DAMAGE: "PHOTO_GOODS", IRREPARABILITY_ACT: "TECHNICAL_ACT", TECHNICAL_ACT: "IRREPARABILITY_ACT" };
let list = [], at = 0, active = 0;
const sides = [...dialog.querySelectorAll(".viewer__side")].map((box) => ({ box, stage: part("stage", box), turn: 0, zoom: 1, x: 0, y: 0 }));

// every page of every paper is one thing to look at
function gather() {
  list = [...document.querySelectorAll("[data-view]")].flatMap((link) => {
    const pages = Number(link.dataset.viewPages);
    return Array.from({ length: pages }, (_, n) => ({
      link, type: link.dataset.viewType, kind: link.dataset.viewKind, page: n + 1,
      src: n ? link.dataset.view.replace(/1$/, String(n + 1)) : link.dataset.view,
      title: link.dataset.viewTitle + (pages > 1 ? ` · ${n + 1} / ${pages}` : ""),
    }));
  });
}
function place(side) {
  const node = side.stage.firstElementChild;
  if (node?.tagName !== "IMG") return;
  const box = side.stage.getBoundingClientRect();
  const fit = side.turn % 2 ? Math.min(box.height / node.offsetWidth, box.width / node.offsetHeight, 1) || 1 : 1;
  node.style.transform = `translate(${side.x}px, ${side.y}px) rotate(${side.turn * 90}deg) scale(${side.zoom * fit})`;
  side.stage.classList.toggle("held", side.zoom > 1);
}
function fill(side, item) {
  Object.assign(side, { turn: 0, zoom: 1, x: 0, y: 0 });
  const node = document.createElement(item.type);
  if (item.type === "video") { node.controls = true; node.playsInline = true; node.preload = "metadata"; }
  else { node.alt = item.title; node.draggable = false; }
  failed.hidden = true;
  node.addEventListener("error", () => { failed.hidden = false; });
  node.src = item.src;
  side.stage.replaceChildren(node);
}
function show(index) {
  at = (index + list.length) % list.length;
  const item = list[at];
  dialog.querySelector("#viewer-title").textContent = item.title;
  part("place").textContent = `${at + 1} / ${list.length}`;
  part("file").href = item.link.href;
  part("caption").textContent = item.title;
  fill(sides[0], item);
  if (!dialog.open) dialog.showModal();
}
function beside(on) {
  other.hidden = !on;
  dialog.toggleAttribute("data-beside", on);
  dialog.querySelector('[data-viewer="beside"]').setAttribute("aria-pressed", String(on));
  if (!on) return sides[1].stage.replaceChildren();
  choice.replaceChildren(...list.map((item, n) => new Option(item.title, n)));
  const partner = list.findIndex((item) => item.kind === PARTNER[list[at].kind]);
  choice.value = String(partner >= 0 ? partner : (at + 1) % list.length);
  fill(sides[1], list[choice.value]);
}
function larger(by, side = sides[active]) {
  side.zoom = Math.min(ZOOM_MAX, Math.max(1, side.zoom * by));
  if (side.zoom === 1) side.x = side.y = 0;
  place(side);
}
const acts = {
  prev: () => show(at - 1),
  next: () => show(at + 1),
  turn: () => { const side = sides[active]; side.turn = (side.turn + 1) % 4; place(side); },
  more: () => larger(1.5),
  less: () => larger(1 / 1.5),
  beside: () => { active = 0; beside(other.hidden); },
  close: () => dialog.close(),
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-view]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    gather();
    show(list.findIndex((item) => item.link === link));
  }
  const button = event.target.closest("[data-viewer]");
  if (button) acts[button.dataset.viewer]();
});
choice.addEventListener("change", () => fill(sides[1], list[choice.value]));
dialog.addEventListener("keydown", (event) => {
  if (event.target.matches("select, video") || event.ctrlKey || event.metaKey) return;
  const step = { ArrowLeft: "prev", KeyK: "prev", ArrowRight: "next", KeyJ: "next", KeyR: "turn", KeyC: "beside", KeyZ: "more", Equal: "more", NumpadAdd: "more", Minus: "less", NumpadSubtract: "less" }[event.code];
  if (!step) return;
  event.preventDefault();
  acts[step]();
});
sides.forEach((side, n) => {
  let from = null;
  side.stage.addEventListener("wheel", (event) => { event.preventDefault(); larger(event.deltaY < 0 ? 1.2 : 1 / 1.2, side); }, { passive: false });
  side.stage.addEventListener("dblclick", () => larger(side.zoom > 1 ? 1 / ZOOM_MAX : 2.5, side));
  side.stage.addEventListener("pointerdown", (event) => {
    active = n;
    if (event.target.tagName !== "IMG") return;
    from = { x: event.clientX - side.x, y: event.clientY - side.y, start: event.clientX };
    side.stage.setPointerCapture(event.pointerId);
  });
  side.stage.addEventListener("pointermove", (event) => {
    if (!from || side.zoom === 1) return;
    Object.assign(side, { x: event.clientX - from.x, y: event.clientY - from.y });
    place(side);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    side.stage.addEventListener(name, (event) => {
      if (from && side.zoom === 1 && n === 0 && name === "pointerup") {
        const moved = event.clientX - from.start; // a swipe on a phone
        if (Math.abs(moved) > 60) show(at + (moved < 0 ? 1 : -1));
      }
      from = null;
    });
  }
});
dialog.addEventListener("close", () => { beside(false); sides.forEach((side) => side.stage.replaceChildren()); });
