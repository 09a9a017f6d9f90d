// One reading of a shop's cabinet: counts, lists, and the details of what changed.  Nothing here knows a browser: `ask` fetches
// (keeping the pace), `hand` gives entries over, `kept` is what earlier readings left, `save` writes it down as it grows.
import { CABINET_HOST, PAGE_SIZE, REFUNDS, TABS } from "./settings.js";

/** The cabinet asks to sign in, or refuses: nothing more is asked. */
export class Stopped extends Error {
  constructor(session) {
    super(session);
    this.session = session;
  }
}

/** The cabinet is slow or broken now; another time. */
export class Later extends Error {}

const EXPIRED = new Set([401, 403]);

/** Judge an answer; gives its text back. */
export function textOf(answer, { first = false } = {}) {
  if (answer.failed) throw new Later(answer.failed);
  if (answer.redirected) throw new Stopped("ENDED");
  if (answer.status === 403 && first) throw new Stopped("REFUSED");
  if (EXPIRED.has(answer.status)) throw new Stopped("ENDED");
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw new Later(`HTTP ${answer.status}`);
  if (/html/.test(answer.type)) throw new Stopped("ENDED");
  return answer.text;
}

/** An answer as one entry of a HAR archive: where it came from, and its text unchanged. */
export const entryOf = (url, answer) => ({
  request: { method: "GET", url },
  response: { status: answer.status, content: { mimeType: answer.type, text: answer.text } },
});

/** A picture as an entry: its size and SHA-256, not the picture. */
export const pictureOf = (url, answer) => ({
  request: { method: "GET", url },
  response: { status: answer.status, content: { mimeType: answer.type, size: answer.size, comment: `sha256:${answer.sha256}` } },
});

export const archiveOf = (entries) => JSON.stringify({ log: { version: "1.2", creator: { name: "Qaitar companion" }, entries } });

export async function printOf(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const detailUrl = (shop, refundId, number) =>
  `${REFUNDS}/load-refund-details?${new URLSearchParams({ merchantId: shop, refundId, code: number })}`;

export class Reading {
  constructor(shop, { ask, hand, kept, save }) {
    Object.assign(this, { shop, ask, hand, kept, save });
    this.changedShape = false;
    this.seen = 0;
    this.asked = new Set();
  }

  /** Read everything; what was handed over stays handed over if it stops in between. */
  async whole() {
    await this._get(`${REFUNDS}/load-refunds-count?${new URLSearchParams({ merchantId: this.shop })}`, { first: true });
    const changed = [];
    for (const tab of TABS) changed.push(...(await this._tab(tab)));
    for (const item of changed) await this.one(item);
    this.kept.complete = true;
    await this.save();
  }

  async _get(url, options) {
    const answer = await this.ask(url);
    const text = textOf(answer, options);
    if (text !== null) await this.hand(entryOf(url, answer));
    return text;
  }

  /** Turn the pages of a section; of the closed one only until a page brings nothing new. */
  async _tab(tab) {
    const changed = [];
    for (let page = 0, total = 1; page * PAGE_SIZE < total; page += 1) {
      const query = new URLSearchParams({ merchantId: this.shop, tab, p: page, s: PAGE_SIZE });
      const told = parsed(await this._get(`${REFUNDS}/load-refunds-by-tab?${query}`));
      if (!Array.isArray(told?.data)) {
        this.changedShape = true;
        break;
      }
      const fresh = await this._fresh(told.data);
      changed.push(...fresh);
      total = Number.isInteger(told.total) ? told.total : (page + 1) * PAGE_SIZE + (told.data.length ? 1 : 0);
      if (!told.data.length || (tab === "CLOSED" && this.kept.complete && !fresh.length)) break;
    }
    return changed;
  }

  /** Tell which of a page's requests are not as they were at the last look. */
  async _fresh(items) {
    const fresh = [];
    for (const item of items) {
      const number = item?.applicationNumber;
      const refundId = item?.refundId;
      if (typeof number !== "string" || typeof refundId !== "string") {
        this.changedShape = true;
        continue;
      }
      this.seen += 1;
      const print = await printOf(JSON.stringify(item));
      if (this.kept.prints[number] !== print && !this.asked.has(number)) fresh.push({ number, refundId, print });
      this.asked.add(number);
    }
    return fresh;
  }

  /** Read one request's detail, and its pictures if they are not the ones known. */
  async one({ number, refundId, print }) {
    const text = await this._get(detailUrl(this.shop, refundId, number));
    const urls = parsed(text)?.imageUrls;
    const pictures = Array.isArray(urls) ? urls.filter((url) => typeof url === "string") : [];
    const known = new Set(this.kept.pictures[number] ?? []);
    for (const url of pictures.filter((each) => !known.has(each))) await this._picture(url);
    if (pictures.length) this.kept.pictures[number] = pictures;
    if (print) this.kept.prints[number] = print;
    else this.seen += 1;
    this.kept.refunds[number] = refundId;
    await this.save();
  }

  async _picture(url) {
    let host;
    try {
      const at = new URL(url);
      host = at.protocol === "https:" ? at.hostname : "";
    } catch {
      host = "";
    }
    if (!CABINET_HOST.test(host)) return;
    const answer = await this.ask(url, { picture: true });
    if (!answer.failed && answer.status === 200) await this.hand(pictureOf(url, answer));
  }
}
