// Tells that this case is open here, and shows who else has it open, while the page is looked at.
const PAUSE = 10000;
const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
let here = "", said = [];

function show() {
  const slot = document.querySelector("[data-present]");
  const template = document.getElementById("present-template");
  if (!slot || !template) return;
  if (slot.textContent.trim() === said.join(" ")) return;
  slot.replaceChildren(...said.map((text) => {
    const chip = template.content.firstElementChild.cloneNode(true);
    chip.querySelector("[data-text]").textContent = text;
    return chip;
  }));
}
function leave() {
  if (!here) return;
  const form = new FormData();
  form.set("left", "1");
  form.set("csrfmiddlewaretoken", headers["X-CSRFToken"] || "");
  navigator.sendBeacon(`${here}/present`, form);
  here = "";
}
async function tell() {
  const url = document.getElementById("case")?.dataset.url || "";
  if (here && url !== here) leave();
  if (!url || document.hidden || !navigator.onLine) return;
  here = url;
  const answer = await fetch(`${url}/present`, { method: "POST", headers });
  if (!answer.ok) return;
  said = (await answer.json()).others;
  show();
}
const again = () => tell().catch(() => {});
setInterval(again, PAUSE);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : again()));
addEventListener("pagehide", leave);
document.addEventListener("htmx:afterSettle", () => {
  if (document.getElementById("case")?.dataset.url === here) return show();
  said = [];
  again();
});
again();
