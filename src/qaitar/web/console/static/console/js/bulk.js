// Choosing many: Shift takes everything in between, one box takes all that is shown, a bar says how many.
const words = document.getElementById("strings").dataset;
const boxes = () => [...document.querySelectorAll("[data-bulk]")];
let last = ""; // by value: the rows may be drawn anew between two presses

function count() {
  const all = boxes(), chosen = all.filter((box) => box.checked).length;
  document.querySelectorAll("[data-bulk-count]").forEach((slot) => { slot.textContent = `${chosen} ${words.chosen}`; });
  const head = document.querySelector("[data-bulk-all]");
  if (!head) return;
  head.checked = chosen > 0 && chosen === all.length;
  head.indeterminate = chosen > 0 && chosen < all.length;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-bulk]");
  if (!box) return;
  const all = boxes(), anchor = all.findIndex((other) => other.value === last);
  if (event.shiftKey && anchor >= 0) {
    const [from, to] = [anchor, all.indexOf(box)].sort((a, b) => a - b);
    all.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    getSelection().removeAllRanges();
  }
  last = box.value;
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-bulk-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  count();
});
document.addEventListener("reset", () => setTimeout(count));
document.addEventListener("htmx:afterSettle", count);
addEventListener("pageshow", count);
