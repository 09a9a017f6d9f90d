// Serial numbers and codes read by the camera.  The browser's own reader where it has one; else a library, fetched only now.
import { toast } from "./feedback.js";
const LIBRARY = new URL("../vendor/zxing.min.js", import.meta.url).href;
const FORMATS = ["code_128", "code_39", "ean_13", "ean_8", "qr_code", "data_matrix", "itf"];
const LOOK_MS = 180;
const dialog = document.getElementById("scan");
const video = dialog.querySelector("video");
const said = dialog.querySelector("[data-scan-said]");
let stream = null, mode = "", timer = 0;

async function reader() {
  if ("BarcodeDetector" in globalThis) {
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((each) => known.includes(each));
    if (formats.length) {
      const own = new BarcodeDetector({ formats });
      return async () => (await own.detect(video))[0]?.rawValue;
    }
  }
  if (!globalThis.ZXing) {
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = LIBRARY;
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      document.head.append(script);
    });
  }
  const library = new ZXing.BrowserMultiFormatReader();
  return async () => {
    try {
      return library.decodeBitmap(library.createBinaryBitmap(video)).getText();
    } catch {
      return undefined; // nothing to read in this picture
    }
  };
}
// GS1 signs and brackets around a code are not part of the serial
const clean = (text) => text.replace(/[\u0000-\u001f]/g, "").trim();
const same = (one, other) => one.replace(/[^\p{L}\p{N}]/gu, "").toUpperCase() === other.replace(/[^\p{L}\p{N}]/gu, "").toUpperCase();

const uses = {
  search(text) {
    const field = document.querySelector("[data-search]");
    field.value = text;
    field.form.requestSubmit();
  },
  unit(text) {
    const sold = [...document.querySelectorAll("[data-units] .num")].map((each) => each.textContent);
    const match = sold.some((each) => same(each, text));
    const words = dialog.dataset;
    toast(`${match ? words.same : words.other} ${text}`, match ? "ok" : "danger");
    const field = document.querySelector('.case-known [name="goods_checked"], .case-known [name="unit"]');
    if (!field) return;
    field.value = match ? "SAME" : "DIFFERENT";
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.closest("details").open = true;
    field.focus();
  },
};
function found(text) {
  dialog.close();
  navigator.vibrate?.(80);
  uses[mode](clean(text));
}
async function look(read) {
  if (!dialog.open) return;
  if (video.readyState >= 2) {
    const text = await read().catch(() => undefined);
    if (text) return found(text);
  }
  timer = setTimeout(() => look(read), LOOK_MS);
}
async function start(which) {
  mode = which;
  said.textContent = said.dataset.starting;
  dialog.showModal();
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    video.srcObject = stream;
    await video.play();
    const read = await reader();
    said.textContent = said.dataset.looking;
    look(read);
  } catch (error) {
    said.textContent = error.name === "NotAllowedError" ? said.dataset.denied : error.name === "NotFoundError" ? said.dataset.none : said.dataset.failed;
  }
}
dialog.addEventListener("close", () => {
  clearTimeout(timer);
  stream?.getTracks().forEach((track) => track.stop());
  stream = video.srcObject = null;
});
dialog.querySelector("form").addEventListener("submit", (event) => {
  const text = event.target.elements.code.value.trim();
  if (event.submitter?.value !== "use") return;
  event.preventDefault();
  if (text) found(text);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-scan]");
  if (button) start(button.dataset.scan);
});
