// Photos and papers go up with their progress; what could not be sent is kept in this browser and sent again.
// Sending the same file twice is one proof: the server knows it by its content.
import { toast } from "./feedback.js";
import { showCard } from "./hands.js";
const DAYS_KEPT = 7;
let store = null;
let jobs = [];
let sending = false;

// --- kept over a closed page: a phone may end the browser while its camera is open
function base() {
  store ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("qaitar-uploads", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("jobs", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return store;
}
async function box(mode, work) {
  try {
    const shelf = (await base()).transaction("jobs", mode).objectStore("jobs");
    return await new Promise((resolve, reject) => {
      const asked = work(shelf);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } catch {
    return null; // a browser that keeps nothing still sends
  }
}
const bare = ({ id, owner, url, kind, files, at }) => ({ id, owner, url, kind, files, at });

const form = () => document.querySelector("form[data-upload]");
const owner = () => form()?.dataset.upload;

// --- what the page shows
function draw() {
  const zone = form();
  if (!zone) return;
  const rows = jobs.filter((job) => job.owner === owner()).map((job) => {
    const row = zone.querySelector("[data-upload-row]").content.firstElementChild.cloneNode(true);
    row.dataset.job = job.id;
    row.dataset.state = job.state;
    row.querySelector("[data-upload-name]").textContent = job.files.map((file) => file.name).join(", ");
    row.querySelector("progress").value = job.done;
    const said = row.querySelector("[data-upload-state]");
    said.textContent = job.state === "sending" ? (job.done < 100 ? `${said.dataset.sending} ${job.done} %` : said.dataset.checking) : said.dataset.waiting;
    return row;
  });
  zone.querySelector("[data-uploads]").replaceChildren(...rows);
}

// --- sending, one after another
function post(job, zone) {
  return new Promise((resolve) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", zone.elements.csrfmiddlewaretoken.value);
    body.append("kind", job.kind);
    job.files.forEach((file) => body.append("file", file, file.name));
    const call = new XMLHttpRequest();
    call.open("POST", job.url);
    call.setRequestHeader("HX-Request", "true");
    call.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      job.done = Math.floor((event.loaded / event.total) * 100);
      draw();
    });
    call.addEventListener("load", () => resolve(call));
    for (const name of ["error", "abort", "timeout"]) call.addEventListener(name, () => resolve(null));
    call.send(body);
  });
}
async function forget(job) {
  jobs = jobs.filter((other) => other !== job);
  await box("readwrite", (shelf) => shelf.delete(job.id));
}
// The card of these files is drawn anew; where another one is open by now, or a newer state of it, a sentence is enough.
function tell(job, answer) {
  showCard(answer.responseText, () => {
    const told = new DOMParser().parseFromString(answer.responseText, "text/html");
    const [came, card] = [told.getElementById("case"), document.getElementById("case")];
    if (job.owner === owner() && Number(came.dataset.version) >= Number(card.dataset.version)) return true;
    toast(`${told.querySelector("h1").textContent}: ${told.querySelector("[data-toast-text], .callout p").textContent}`, answer.status < 300 ? "ok" : "danger");
  });
}
async function run() {
  if (sending) return;
  sending = true;
  for (let job; (job = jobs.find((each) => each.state === "ready" && each.owner === owner()));) {
    Object.assign(job, { state: "sending", done: 0 });
    draw();
    const answer = await post(job, form());
    // no answer, or the server could not: kept; anything else is its last word on these files
    if (!answer || answer.status >= 500 || [401, 403, 429].includes(answer.status)) {
      job.state = "waiting";
      draw();
      continue;
    }
    await forget(job);
    if (answer.status < 300 || [400, 409, 422].includes(answer.status)) tell(job, answer);
    draw();
  }
  sending = false;
}
async function take(zone, files) {
  const job = { id: crypto.randomUUID?.() ?? String(Math.random()), owner: zone.dataset.upload, url: zone.getAttribute("action"), kind: zone.elements.kind.value, files: [...files].slice(0, 40), at: Date.now(), state: "ready", done: 0 };
  if (!job.files.length) return;
  jobs.push(job);
  draw();
  await box("readwrite", (shelf) => shelf.put(bare(job)));
  run();
}
function again(which = () => true) {
  jobs.filter((job) => job.state === "waiting" && which(job)).forEach((job) => { job.state = "ready"; });
  run();
}

document.addEventListener("change", (event) => {
  const zone = event.target.closest("form[data-upload]");
  if (!zone || event.target.type !== "file") return;
  take(zone, event.target.files);
  event.target.value = "";
});
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-job]");
  if (!row) return;
  if (event.target.closest("[data-upload-again]")) again((job) => job.id === row.dataset.job);
  if (event.target.closest("[data-upload-drop]")) forget(jobs.find((job) => job.id === row.dataset.job)).then(draw);
});
document.addEventListener("qaitar:files", (event) => take(event.target, event.detail));
addEventListener("online", () => again());
document.addEventListener("htmx:afterSettle", draw);

// what an earlier page left behind
const kept = (await box("readonly", (shelf) => shelf.getAll())) ?? [];
for (const job of kept) {
  if (Date.now() - job.at > DAYS_KEPT * 86400000) await box("readwrite", (shelf) => shelf.delete(job.id));
  else if (!jobs.some((other) => other.id === job.id)) jobs.push({ ...job, state: "ready", done: 0 });
}
draw();
if (navigator.onLine) run();
else jobs.forEach((job) => { job.state = "waiting"; });
draw();
