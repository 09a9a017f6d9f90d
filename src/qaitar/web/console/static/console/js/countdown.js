// Keeps the time left true between reloads. The server gives the due time, the limits and its own clock.
const words = document.getElementById("strings").dataset;
const started = Date.now();
const skew = words.now ? Date.parse(words.now) - started : 0;
const icons = { late: "warning", urgent: "alarm", soon: "clock", calm: "clock" };
const fill = (text, values) => text.replace(/\{(\w)\}/g, (whole, key) => values[key] ?? whole);

export function span(seconds) {
  const left = Math.abs(seconds);
  const d = Math.floor(left / 86400), h = Math.floor((left % 86400) / 3600), m = Math.floor((left % 3600) / 60);
  if (d) return fill(words.days, { d, h });
  return h ? fill(words.hours, { h, m }) : fill(words.minutes, { m });
}

function tick() {
  const now = Date.now() + skew;
  document.querySelectorAll("[data-due]").forEach((chip) => {
    const left = Math.floor((Date.parse(chip.dataset.due) - now) / 1000);
    const urgency = left < 0 ? "late" : left < words.urgent ? "urgent" : left < words.soon ? "soon" : "calm";
    const text = left < 0 ? fill(words.late, { s: span(left) }) : span(left);
    const slot = chip.querySelector("[data-due-text]");
    if (slot.textContent !== text) slot.textContent = text;
    if (chip.dataset.urgency === urgency) return;
    chip.dataset.urgency = urgency;
    const use = chip.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icons[urgency]}`));
  });
}
setInterval(tick, 15000);
addEventListener("pageshow", tick);
document.addEventListener("htmx:afterSettle", tick);
tick();
