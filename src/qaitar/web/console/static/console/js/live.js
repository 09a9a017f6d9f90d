// The queue stays true by itself: a cheap question every 15 seconds, and a reload of the list when something changed.
const PAUSE = 15000;
let tag = "";
const busy = () => document.querySelector("[data-bulk]:checked, #queue .more-row + tr, #queue input:focus") || document.querySelectorAll("#queue [data-row]").length > 40;

async function ask() {
  const list = document.querySelector("[data-live]");
  if (!list || document.hidden || !navigator.onLine) return;
  const query = new URLSearchParams(location.search);
  query.set("after", list.dataset.liveAfter);
  const answer = await fetch(`${list.dataset.live}?${query}`, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
  if (answer.status !== 200) return;
  tag = answer.headers.get("ETag") || "";
  const news = await answer.json();
  if (news.cursor === list.dataset.liveAfter || busy()) return;
  document.body.dispatchEvent(new CustomEvent("qaitar:refresh"));
}
setInterval(() => ask().catch(() => {}), PAUSE);
