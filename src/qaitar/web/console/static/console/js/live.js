// The queue stays true by itself. A cheap question every 15 seconds; what moved is told in a quiet line, and the list
// is drawn anew at once only while no hand is on it.
import { handsOn } from "./hands.js";
const PAUSE = 15000, HAND_MS = 6000;
const line = document.querySelector("[data-news-show]");
const words = line.dataset;
let tag = "", touched = 0, asking = false;
const news = { fresh: new Set(), moved: new Set(), gone: new Set() };
const list = () => document.querySelector("[data-live]");

for (const name of ["pointermove", "pointerdown", "wheel", "touchmove", "keydown"]) {
  document.addEventListener(name, () => { touched = Date.now(); }, { passive: true });
}
const busy = () =>
  handsOn(list()) || document.querySelector("#queue details[open]") || document.activeElement?.closest("#queue") || scrollY > 40 ||
  document.querySelectorAll("#queue [data-row]").length > 40 || Date.now() - touched < HAND_MS;

function counts(told) {
  document.querySelectorAll("#queue .tabs a").forEach((tab) => {
    const stage = new URL(tab.href).searchParams.get("stage");
    const open = Object.entries(told.counts).filter(([name]) => name !== "CLOSED").reduce((sum, [, n]) => sum + n, 0);
    tab.querySelector(".count").textContent = stage ? told.counts[stage] : open;
  });
}

function sort(told) {
  const rows = [...document.querySelectorAll("#queue [data-row]")];
  const last = document.querySelector("#queue .more") && Date.parse(rows.at(-1)?.querySelector("[data-due]")?.dataset.due || "");
  for (const each of told.changed) {
    const row = rows.find((one) => one.querySelector("[data-open]").pathname === each.url);
    const chip = row?.querySelector("[data-due]");
    Object.values(news).forEach((set) => set.delete(each.url));
    if (row && !each.fits) news.gone.add(each.url);
    else if (row && chip && each.due && Date.parse(chip.dataset.due) !== Date.parse(each.due)) {
      chip.dataset.due = each.due;
      news.moved.add(each.url);
    } else if (row) news.moved.add(each.url);
    else if (each.fits && !(last && Date.parse(each.due) > last)) news.fresh.add(each.url);
  }
}

function tell() {
  const parts = ["fresh", "moved", "gone"].filter((name) => news[name].size).map((name) => `${words[name]}: ${news[name].size}`);
  line.hidden = parts.length === 0;
  line.querySelector("[data-news-text]").textContent = parts.join(" · ");
}

async function views() {
  const answer = await fetch(`${words.views}${location.search}`);
  if (!answer.ok) return;
  const told = (await answer.json()).counts;
  document.querySelectorAll("#queue .pills[aria-label] > a.pill").forEach((pill, n) => {
    if (told[n] === undefined) return;
    let slot = pill.querySelector(".num");
    if (!slot) pill.append(" ", slot = Object.assign(document.createElement("span"), { className: "num muted" }));
    slot.textContent = told[n];
  });
}

const refresh = (asked) => document.body.dispatchEvent(new CustomEvent("qaitar:refresh", { detail: { asked } }));
line.addEventListener("click", () => refresh(true));

// The list is on its way; a hand may have come back to it meanwhile: then it waits, unless it was asked for.
let chosen = new Set();
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (target !== list()) return;
  if (!requestConfig.triggeringEvent.detail.asked && busy()) event.detail.shouldSwap = false;
  if (!event.detail.shouldSwap) return tell();
  chosen = new Set([...document.querySelectorAll("[data-bulk]:checked")].map((box) => box.value));
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target !== list()) return;
  document.querySelectorAll("[data-bulk]").forEach((box) => { box.checked = chosen.has(box.value); });
  Object.values(news).forEach((set) => set.clear());
  tell();
  views().catch(() => {});
});

async function ask() {
  const here = list();
  if (!here || document.hidden || !navigator.onLine) return;
  const query = new URLSearchParams(location.search);
  query.set("after", here.dataset.liveAfter);
  const answer = await fetch(`${here.dataset.live}?${query}`, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
  if (answer.status !== 200) return;
  tag = answer.headers.get("ETag") || "";
  const told = await answer.json();
  counts(told);
  if (told.cursor === here.dataset.liveAfter) return;
  here.dataset.liveAfter = told.cursor;
  sort(told);
  if (line.hidden && !Object.values(news).some((set) => set.size)) return views();
  if (busy()) tell();
  else refresh(false);
}
const again = () => {
  if (asking) return;
  asking = true;
  ask().catch(() => {}).finally(() => { asking = false; });
};
setInterval(again, PAUSE);
document.addEventListener("visibilitychange", () => document.hidden || again());
views().catch(() => {});
