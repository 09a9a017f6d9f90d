// One reading of a shop's cabinet: counts, lists, and the details of what changed.  Nothing here knows a browser: `ask` fetches
// (keeping the pace), `hand` gives entries over, `kept` is what earlier readings left, `save` writes it down as it grows.
import { CeilingReached } from "./pace.js";
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

/** A picture as an entry: whose it is, its size and SHA-256, not the picture. */
export const pictureOf = (url, answer, number) => ({
  comment: number,
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
    const from = this.kept.stoppedAt ?? { tab: TABS[0], page: 0 };
    try {
      for (const tab of TABS.slice(TABS.indexOf(from.tab))) await this._tab(tab, tab === from.tab ? from.page : 0);
    } catch (error) {
      if (!(error instanceof CeilingReached)) this.kept.stoppedAt = null; // new requests first, when it can read again
      throw error;
    }
    this.kept.complete = true;
    this.kept.stoppedAt = null;
    await this.save();
  }

  async _get(url, options) {
    const answer = await this.ask(url);
    const text = textOf(answer, options);
    if (text !== null) await this.hand(entryOf(url, answer));
    return text;
  }

  /** Turn the pages of a section and read what changed on each; of the closed one only until a page brings nothing new. */
  async _tab(tab, first) {
    for (let page = first, total = first * PAGE_SIZE + 1; page * PAGE_SIZE < total; page += 1) {
      this.kept.stoppedAt = { tab, page }; // where the next reading goes on, should this one not get through
      const query = new URLSearchParams({ merchantId: this.shop, tab, p: page, s: PAGE_SIZE });
      const told = parsed(await this._get(`${REFUNDS}/load-refunds-by-tab?${query}`));
      if (!Array.isArray(told?.data)) {
        this.changedShape = true;
        break;
      }
      const fresh = await this._fresh(told.data);
      for (const item of fresh) await this.one(item);
      total = Number.isInteger(told.total) ? told.total : (page + 1) * PAGE_SIZE + (told.data.length ? 1 : 0);
      if (!told.data.length || (tab === "CLOSED" && this.kept.complete && !fresh.length)) break;
    }
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

  /** Read one request's detail, and those of its pictures that were not looked at yet: a known address is not asked again. */
  async one({ number, refundId, print }) {
    const text = await this._get(detailUrl(this.shop, refundId, number));
    const urls = parsed(text)?.imageUrls;
    const pictures = Array.isArray(urls) ? urls.filter((url) => typeof url === "string") : [];
    const known = this.kept.pictures[number] ?? {};
    for (const url of pictures) known[url] ??= await this._picture(url, number);
    const looked = Object.entries(known).filter(([url, digest]) => digest && pictures.includes(url));
    if (looked.length) this.kept.pictures[number] = Object.fromEntries(looked);
    if (print) this.kept.prints[number] = print;
    else this.seen += 1;
    this.kept.refunds[number] = refundId;
    await this.save();
  }

  /** Look at a picture: gives its SHA-256, nothing if it is not the cabinet's or did not come. */
  async _picture(url, number) {
    let host;
    try {
      const at = new URL(url);
      host = at.protocol === "https:" ? at.hostname : "";
    } catch {
      host = "";
    }
    if (!CABINET_HOST.test(host)) return "";
    const answer = await this.ask(url, { picture: true });
    if (answer.failed || answer.status !== 200) return "";
    await this.hand(pictureOf(url, answer, number));
    return answer.sha256;
  }
}
