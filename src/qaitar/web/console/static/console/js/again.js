// The page without a network looks again by itself when there is one. The word "online" comes before the way is really
// free, so the page asks first, and goes on asking while it is looked at.
const PAUSE = 5000;
async function look() {
  if (document.hidden || !navigator.onLine) return;
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
  if (answer.status < 500) location.reload();
}
const again = () => look().catch(() => {});
addEventListener("online", again);
setInterval(again, PAUSE);
document.querySelector("[data-again]").addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
