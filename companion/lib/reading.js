// One reading of a shop's cabinet.  Nothing here knows a browser: `ask` fetches (keeping the pace), `hand` gives entries over, `kept` is
// what earlier readings left, `save` writes it down as it grows, `missing` has Qaitar name the requests it misses in the open sections.
//
// The order: counts and the open sections; details of what left them and of what changed; their pictures; the closed section with what
// is left of the ceiling.  A detail that fails is set aside with a growing pause and stops nothing.
import { NotAnswered, Stopped, entryOf, itemPrint, parsed, pictureOf, textOf } from "./answers.js";
import { passed, pauseOf } from "./clock.js";
import { CeilingReached } from "./pace.js";
import { AGAIN_MS, CABINET_HOST, CLOSED, DETAIL_AGAIN_MIN, NAMED_AGAIN_MIN, NUMBERS_SAID, OPEN_TABS, PACE, PAGES_MAX, PAGE_SIZE, PICTURE_TRIES, REFUNDS, WALK_AGAIN_MIN } from "./settings.js";

const NUMBER = /^\d{1,20}-\d{1,4}$/;
const MINUTE = 60_000;
const CHECK_EVERY = 3; // failures in a row before the counts are asked whether the cabinet answers at all
const query = (values) => new URLSearchParams(values).toString();

export const countsUrl = (shop) => `${REFUNDS}/load-refunds-count?${query({ merchantId: shop })}`;
export const listUrl = (shop, tab, page) => `${REFUNDS}/load-refunds-by-tab?${query({ merchantId: shop, tab, p: page, s: PAGE_SIZE })}`;
export const detailUrl = (shop, refundId, number) => `${REFUNDS}/load-refund-details?${query({ merchantId: shop, refundId, code: number })}`;

/**
 * What is remembered of a shop: prints of list items whose details were read; ids by number; open requests with their section; digests of
 * pictures by address; addresses still to be looked at; details set aside; requests Qaitar named and when they were looked up; how far the
 * closed section was turned.  `complete`: every closed request was met once.
 */
export const newShop = () => ({
  complete: false, prints: {}, refunds: {}, open: {}, pictures: {}, looks: {}, aside: {}, named: {}, walkPage: 0, walkedAt: 0, closedShort: null, turnPage: 1,
});

export class Reading {
  constructor(shop, { ask, hand, kept, save, now, pause, allow, missing }) {
    Object.assign(this, { shop, ask, hand, kept, save, now, pause, allow, missing });
    this.changedShape = false;
    this.numbers = new Set(); // of the requests seen
    this.spent = 0;
    this.lists = []; // of sections read to their end: how many the counts name, how many came
    this.odd = new Set(); // numbers in a form never seen
    this.failing = []; // details that failed in a row, with what was known of them before
    this.unread = new Set(); // open sections whose lists did not come
    this.isWhole = false; // all open sections were asked for
  }

  /** What is to be said of the cabinet after a reading that came to its end. */
  get session() {
    return this.changedShape || this.odd.size || this.lists.some(({ expected, read }) => read < expected) ? "CHANGED" : "OPEN";
  }

  /** Details that fail, the longest first. */
  get failed() {
    const all = Object.entries(this.kept.aside).map(([number, { why, since, tries }]) => ({ number, why, since, tries }));
    return all.toSorted((one, other) => one.since - other.since).slice(0, NUMBERS_SAID);
  }

  /** Read one request again and its pictures: the person has opened its page or pressed its button.  Tells whether it came. */
  async single(request) {
    this.allow(PACE.ceiling);
    const came = await this.one(request);
    await this._lookAtPictures((number) => number === request.number);
    return came;
  }

  /** Read everything; what was handed over stays handed over if it stops in between. */
  async whole() {
    this.allow(PACE.listCeiling);
    const counts = await this._counts();
    const listed = await this._openSections(counts);
    this.isWhole = true;
    this.allow(Math.max((this.kept.complete ? PACE.ceiling : PACE.firstCeiling) - this.spent, PACE.detailsAtLeast));
    for (const request of await this._wanted(listed)) await this.one(request);
    await this._lookAtPictures((number) => number in this.kept.open);
    await this._closedSection(counts.get(CLOSED));
    await this._lookAtPictures(() => true);
    await this.save();
  }

  // --- asking -----------------------------------------------------------------------------------

  async _get(url) {
    this.spent += 1;
    const answer = await this.ask(url);
    const text = textOf(answer);
    await this.hand(entryOf(url, answer, answer.at));
    return text;
  }

  /** Ask for counts or a list, once more after a pause where no answer came. */
  async _getList(url) {
    for (const pause of AGAIN_MS) {
      try {
        return parsed(await this._get(url));
      } catch (error) {
        if (!(error instanceof NotAnswered) || error.refused) throw error;
        await this.pause(pause);
      }
    }
    return parsed(await this._get(url));
  }

  /** Give the totals by tab.  This call says whether the cabinet can be read at all. */
  async _counts() {
    let told;
    try {
      told = await this._getList(countsUrl(this.shop));
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error;
      if (error.status === 403) throw new Stopped("REFUSED");
      if (error.refused) throw new Stopped("ENDED");
      if (![400, 404, 405, 410].includes(error.status)) throw new Stopped("NO_ANSWER");
    }
    const items = Array.isArray(told) ? told.filter((item) => typeof item?.tab === "string" && Number.isInteger(item.total)) : [];
    if (!items.length || items.length < told.length) this.changedShape = true;
    return new Map(items.map(({ tab, total }) => [tab, total]));
  }

  // --- lists ------------------------------------------------------------------------------------

  /** Read the lists of all open sections, those the counts name besides too; gives their requests by number. */
  async _openSections(counts) {
    const more = [...counts.keys()].filter((tab) => tab !== CLOSED && !OPEN_TABS.includes(tab));
    const sections = [...OPEN_TABS, ...more].map((tab) => ({ tab, expected: counts.get(tab), came: new Set(), ended: false }));
    const listed = new Map();
    const isShort = ({ expected, came, ended }) => ended && came.size < expected;
    try {
      for (const section of sections) await this._turnPages(section, listed);
      if (sections.some(isShort)) {
        // What moved while it was read is no gap: count again, and turn the pages of a short section once more.
        const again = await this._counts();
        for (const section of sections) section.expected = again.get(section.tab) ?? section.expected;
        for (const section of sections.filter(isShort)) await this._turnPages(section, listed);
      }
    } catch (error) {
      if (!(error instanceof CeilingReached)) throw error;
      for (const { tab, ended } of sections) if (!ended) this.unread.add(tab);
    }
    for (const { tab, expected, came, ended } of sections) {
      if (ended && expected !== undefined) this.lists.push({ tab, expected, read: came.size });
    }
    return listed;
  }

  /** Turn the pages of an open section until all have come or a page brings nothing new, whatever the size of a page. */
  async _turnPages(section, listed) {
    const met = new Set();
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const told = await this._page(section.tab, page);
      if (!told) {
        this.unread.add(section.tab);
        break;
      }
      const before = met.size;
      for (const item of told.data) await this._meet(item, section, met, listed);
      const total = Number.isInteger(told.total) ? told.total : 0; // whether of this page or of all is not known: the counts decide
      const most = section.expected === undefined ? 0 : Math.max(section.expected, total);
      if (met.size === before || (most && section.came.size >= most)) break;
    }
    section.ended = true;
  }

  async _meet(item, section, met, listed) {
    const request = await this._request(item, section.tab);
    const key = request?.number ?? JSON.stringify(item);
    met.add(key);
    section.came.add(key);
    if (request) listed.set(request.number, request);
  }

  /** Ask for one page of a list; null when it does not come although the cabinet answers. */
  async _page(tab, page) {
    let told;
    try {
      told = await this._getList(listUrl(this.shop, tab, page));
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error;
      await this._counts(); // stops everything if these do not come either
      return null;
    }
    if (Array.isArray(told?.data)) return told;
    this.changedShape = true;
    return null;
  }

  /** Read a list item; null when it names no request. */
  async _request(item, tab) {
    const { applicationNumber: number, refundId } = item ?? {};
    if (typeof number !== "string" || typeof refundId !== "string") {
      this.changedShape = true;
      return null;
    }
    if (!NUMBER.test(number)) this.odd.add(number.slice(0, 60));
    this.numbers.add(number);
    return { number, refundId, tab, print: await itemPrint({ ...item, tab }) };
  }

  // --- details ----------------------------------------------------------------------------------

  /** Name the details to be read, in this order: what left the open sections, what changed, what Qaitar misses, what failed before. */
  async _wanted(listed) {
    const kept = this.kept;
    const left = Object.keys(kept.open).filter((number) => !listed.has(number) && !this.unread.has(kept.open[number]));
    for (const [number, at] of Object.entries(kept.named)) if (passed(at, 4 * NAMED_AGAIN_MIN * MINUTE, this.now())) delete kept.named[number];
    for (const { number, refundId, tab } of listed.values()) {
      kept.refunds[number] = refundId;
      kept.open[number] = tab;
    }
    const changed = [...listed.values()].filter(({ number, print }) => kept.prints[number] !== print);
    const named = (await this.missing([...listed.keys()])).filter(({ number }) => !listed.has(number) && this._namedAnew(number));
    const failed = Object.entries(kept.aside).map(([number, { refundId }]) => ({ number, refundId }));
    const all = [...left.map((number) => ({ number, refundId: kept.refunds[number] })), ...changed, ...named, ...failed];
    const wanted = new Map();
    for (const request of all) if (!wanted.has(request.number) && this._isDue(request.number)) wanted.set(request.number, request);
    return wanted.values();
  }

  _isDue(number) {
    const aside = this.kept.aside[number];
    return !aside || passed(aside.at, pauseOf(DETAIL_AGAIN_MIN, aside.tries) * MINUTE, this.now());
  }

  /** What Qaitar names was looked up before and named again: not at every reading. */
  _namedAnew(number) {
    const at = this.kept.named[number];
    return at === undefined || passed(at, NAMED_AGAIN_MIN * MINUTE, this.now());
  }

  /** Read one request's detail; tells whether it came. */
  async one(request) {
    const { number, refundId, print, tab } = request;
    try {
      const told = parsed(await this._get(detailUrl(this.shop, refundId, number)));
      if (told?.applicationNumber !== number) {
        this.changedShape = true;
        throw new NotAnswered("SHAPE");
      }
      this._place(number, told.refundTab ?? told.tab ?? tab);
      this._notePictures(number, told.imageUrls);
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error;
      await this._setAside(request, error);
      return false;
    }
    const kept = this.kept;
    this.failing = [];
    delete kept.aside[number];
    kept.refunds[number] = refundId;
    if (print) kept.prints[number] = print;
    else kept.named[number] = this.now();
    this.numbers.add(number);
    await this.save();
    return true;
  }

  /** Remember in which section a request is; where its detail does not tell, it stays where it was. */
  _place(number, tab) {
    if (tab === CLOSED) delete this.kept.open[number];
    else if (typeof tab === "string") this.kept.open[number] = tab;
  }

  /** Set a detail that failed aside.  Whether all of the cabinet has stopped answering is asked of the counts, before anything else is lost. */
  async _setAside({ number, refundId }, { why, isDoubtful }) {
    const kept = this.kept;
    const before = kept.aside[number];
    this.failing.push([number, before]);
    const check = this.failing.length % CHECK_EVERY === (isDoubtful ? 1 : 0);
    if (check && why !== "SHAPE") {
      try {
        await this._counts();
      } catch (error) {
        // It was not the detail: these are asked for at the next reading.
        for (const [one, was] of this.failing) was ? (kept.aside[one] = was) : delete kept.aside[one];
        throw error;
      }
    }
    const at = this.now();
    kept.aside[number] = { refundId, why, since: before?.since ?? at, tries: (before?.tries ?? 0) + 1, at };
    await this.save();
  }

  // --- pictures ---------------------------------------------------------------------------------

  /** Note the addresses that were not looked at yet; a known address is not asked for again. */
  _notePictures(number, urls) {
    const { pictures, looks } = this.kept;
    const shown = Array.isArray(urls) ? urls.filter(isCabinets) : [];
    const known = Object.entries(pictures[number] ?? {}).filter(([url]) => shown.includes(url));
    const fresh = shown.filter((url) => !(url in (pictures[number] ?? {})));
    delete pictures[number];
    delete looks[number];
    if (known.length) pictures[number] = Object.fromEntries(known);
    if (fresh.length) looks[number] = Object.fromEntries(fresh.map((url) => [url, 0]));
  }

  async _lookAtPictures(chosen) {
    const { looks } = this.kept;
    for (const number of Object.keys(looks).filter(chosen)) await this._lookAt(number);
  }

  async _lookAt(number) {
    const { pictures, looks } = this.kept;
    for (const [url, tries] of Object.entries(looks[number])) {
      const answer = await this.ask(url, { picture: true });
      if (!answer.failed && answer.status === 200 && answer.sha256) {
        await this.hand(pictureOf(url, answer, number, answer.at));
        (pictures[number] ??= {})[url] = answer.sha256;
        delete looks[number][url];
      } else if (tries + 1 >= PICTURE_TRIES) delete looks[number][url];
      else looks[number][url] = tries + 1;
    }
    if (!Object.keys(looks[number]).length) delete looks[number];
    await this.save();
  }

  // --- the closed section -----------------------------------------------------------------------

  /** How many closed requests are known. */
  get _closedKnown() {
    return Object.keys(this.kept.refunds).filter((number) => !(number in this.kept.open)).length;
  }

  /** Look for closed requests never met.  Nothing says in which order they stand, so all pages are turned while the counts name more. */
  async _closedSection(expected) {
    const kept = this.kept;
    if (this._mustWalk(expected)) await this._walk(expected);
    else await this._glance();
    const isJudged = kept.closedShort || (kept.complete && !kept.walkPage);
    if (isJudged && expected !== undefined) this.lists.push({ tab: CLOSED, expected, read: this._closedKnown });
  }

  _mustWalk(expected) {
    const { complete, closedShort, walkedAt } = this.kept;
    const lacking = (expected ?? 0) - this._closedKnown;
    if (lacking <= 0) this.kept.closedShort = null;
    if (!complete || lacking <= 0) return !complete;
    const isNews = closedShort === null || closedShort.expected - closedShort.read !== lacking;
    return isNews || passed(walkedAt, WALK_AGAIN_MIN * MINUTE, this.now());
  }

  /** Turn page after page, over as many readings as it takes, until all have come or a page brings nothing. */
  async _walk(expected) {
    const kept = this.kept;
    if (kept.complete && kept.walkPage) await this._closedPage(0); // what has just closed may stand first
    let before = "";
    let page;
    do {
      page = await this._closedPage(kept.walkPage);
      if (page === null) break;
      if (!page || page === before || this._closedKnown >= (expected ?? Infinity)) break;
      before = page;
      kept.walkPage += 1;
      await this.save();
    } while (kept.walkPage < PAGES_MAX * PAGE_SIZE);
    const read = this._closedKnown;
    if (page !== null) Object.assign(kept, { complete: true, walkPage: 0, walkedAt: this.now() });
    kept.closedShort = read < expected ? { expected, read } : null;
  }

  /** When nothing is missing: the first page, and in turn one of the others, where something may have changed. */
  async _glance() {
    const kept = this.kept;
    const first = await this._closedPage(0);
    if (!first || this._closedKnown <= first.split(" ").length) return;
    const other = await this._closedPage(kept.turnPage);
    kept.turnPage = other && other !== first ? kept.turnPage + 1 : 1;
  }

  /** Read one page of closed requests and the details of what changed on it.  Gives its numbers; null when it did not come. */
  async _closedPage(page) {
    const told = await this._page(CLOSED, page);
    if (!told) return null;
    const requests = [];
    for (const item of told.data) requests.push(await this._request(item, CLOSED));
    const met = requests.filter(Boolean);
    for (const { number, refundId } of met) {
      this.kept.refunds[number] = refundId;
      delete this.kept.open[number];
    }
    for (const request of met) {
      if (this.kept.prints[request.number] !== request.print && this._isDue(request.number)) await this.one(request);
    }
    return met.map(({ number }) => number).join(" ");
  }
}

/** Pictures elsewhere than below the cabinet's own name are left alone. */
function isCabinets(url) {
  try {
    const at = new URL(url);
    return at.protocol === "https:" && CABINET_HOST.test(at.hostname);
  } catch {
    return false;
  }
}
