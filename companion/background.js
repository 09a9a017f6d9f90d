// The companion's conscience: when to read, how often, what to tell Qaitar, when to stop.  Fetching is done by an open cabinet tab.
import { CeilingReached, Pace } from "./lib/pace.js";
import { forget, lastRequest, note, recall, remember } from "./lib/memory.js";
import { NotReached, NotSafe, Revoked, contact, handOver, pair, pairingOf, shown, unpaired } from "./lib/qaitar.js";
import { Later, Reading, Stopped, archiveOf } from "./lib/reading.js";
import { HANDED_BYTES, PACE } from "./lib/settings.js";
import { languageOf, words } from "./lib/words.js";

/** The person has paused or unpaired: the reading under way asks for nothing more. */
class Halted extends Error {}

const pace = new Pace(PACE, {
  clock: Date.now,
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  chance: Math.random,
  memory: lastRequest,
});
const tabs = new Set(); // cabinet tabs that said hello
const refused = new Set(); // shops this login does not show, until the next page load
let work = Promise.resolve();
let wholeWaits = false;

/** One thing after another: two readings never run at once. */
function queued(job) {
  work = work.then(job).catch((error) => note("log_trouble", error?.message ?? error));
  return work;
}

async function told(message) {
  for (const tab of [...tabs]) {
    await chrome.tabs.sendMessage(tab, message).catch(() => tabs.delete(tab));
  }
}

/** Fetch through a cabinet tab, where the person is signed in. */
async function ask(url, options = {}) {
  for (const tab of [...tabs]) {
    await pace.turn();
    const { pair: to, paused } = await recall("pair", "paused");
    if (!to || paused) throw new Halted();
    const answer = await chrome.tabs.sendMessage(tab, { kind: "ask", url, ...options }).catch(() => null);
    if (answer) return answer;
    tabs.delete(tab);
  }
  throw new Stopped("AWAY");
}

/** Collects entries and gives them over in parcels. */
class Parcel {
  constructor(to, store) {
    Object.assign(this, { to, store, entries: [], bytes: 0, sent: 0 });
  }

  async add(entry) {
    this.entries.push(entry);
    this.bytes += JSON.stringify(entry).length;
    if (this.bytes >= HANDED_BYTES) await this.send();
  }

  async send() {
    if (!this.entries.length) return;
    await handOver(this.to, this.store, archiveOf(this.entries));
    this.sent += this.entries.length;
    this.entries = [];
    this.bytes = 0;
  }
}

async function tell(session, stores) {
  const { pair: to, session: before } = await recall("pair", "session");
  await remember({ session });
  await chrome.action.setBadgeText({ text: session === "ENDED" || session === "REFUSED" ? "!" : "" });
  if (session !== before) await told({ kind: "session", session });
  if (!to) return;
  const { person, language, stores: known } = await contact(to, session, stores);
  if (await stillPaired(to)) await remember({ pair: { ...to, person, language, stores: known } });
}

/** What an unpaired companion was still busy with is not written down any more. */
const stillPaired = async (to) => (await recall("pair")).pair?.token === to.token;

/** Run a reading of one store; whatever happens is told to the person and to Qaitar. */
async function reading(to, store, how) {
  const shop = store.external_id;
  const { shops } = await recall("shops");
  const kept = (shops[shop] ??= { complete: false, prints: {}, refunds: {}, pictures: {} });
  const parcel = new Parcel(to, store.id);
  const waiting = { ...kept, prints: { ...kept.prints } };
  // What was seen is written down only after Qaitar has it: a parcel that did not arrive is read again.
  const commit = async () => {
    if (!(await stillPaired(to))) return;
    await parcel.send();
    const latest = (await recall("shops")).shops;
    await remember({ shops: { ...latest, [shop]: waiting } });
  };
  let grown = 0;
  const save = async () => {
    grown += 1;
    if (grown % 20 === 0) await commit();
  };
  pace.begin(kept.complete ? PACE.ceiling : PACE.firstCeiling);
  const one = new Reading(shop, { ask, hand: (entry) => parcel.add(entry), kept: waiting, save });
  let session = "OPEN";
  try {
    await how(one);
  } catch (error) {
    if (error instanceof Stopped) session = error.session;
    else if (error instanceof Halted) session = "HALTED";
    else if (error instanceof CeilingReached) await note("log_ceiling", store.name);
    else if (error instanceof Later) await note("log_later", error.message);
    else throw error;
  }
  await commit();
  if (session === "HALTED") return session;
  if (session === "OPEN" && one.changedShape) session = "CHANGED";
  if (session === "REFUSED") refused.add(shop);
  await note(`log_${session.toLowerCase()}`, store.name, one.seen, parcel.sent);
  // One shop this login does not show says nothing of the others.
  if (session === "REFUSED") await contact(to, session, [store.id]);
  else await tell(session, [store.id]);
  return session;
}

async function safely(job) {
  try {
    await job();
  } catch (error) {
    if (error instanceof Revoked) await unpair("log_revoked");
    else if (error instanceof NotReached) await note("log_unreached", error.message);
    else throw error;
  }
}

/** Read every store once, if it is time. */
async function readAll() {
  wholeWaits = false;
  const { pair: to, paused } = await recall("pair", "paused");
  if (!to || paused || !tabs.size) return;
  await chrome.storage.session.set({ reading: true });
  await safely(async () => {
    await tell((await recall("session")).session, []);
    const { pair: fresh } = await recall("pair");
    const said = [];
    for (const store of fresh.stores) {
      if (!store.external_id || refused.has(store.external_id)) continue;
      const session = await reading(fresh, store, (one) => one.whole());
      said.push(session);
      if (["ENDED", "AWAY", "HALTED"].includes(session)) break;
    }
    if (said.at(-1) === "HALTED") return;
    if (said.at(-1) === "REFUSED") await tell(said.find((each) => each !== "REFUSED") ?? "REFUSED", []);
    await remember({ readAt: Date.now() });
    await told({ kind: "again" });
  }).finally(() => chrome.storage.session.set({ reading: false }));
}

/** Read one request again: the person has just opened it, or pressed its button. */
async function readOne(number) {
  const { pair: to, shops, paused } = await recall("pair", "shops", "paused");
  if (!to || paused) return;
  const store = to.stores.find((each) => shops[each.external_id]?.refunds[number]);
  if (!store) return;
  const refundId = shops[store.external_id].refunds[number];
  await safely(async () => {
    await reading(to, store, (one) => one.one({ number, refundId }));
    await told({ kind: "again" });
  });
}

function readAllSoon() {
  if (wholeWaits) return;
  wholeWaits = true;
  queued(readAll);
}

async function unpair(why) {
  await forget();
  await note(why);
  await chrome.action.setBadgeText({ text: why === "log_revoked" ? "!" : "" });
  await told({ kind: "again" });
}

/** Forget at once, whatever reading is under way, and have Qaitar end the token; if it cannot be reached, the token is gone anyway. */
async function unpairedHere() {
  const { pair: to } = await recall("pair");
  await unpair("log_unpaired");
  if (to) await unpaired(to).catch((error) => note("log_unreached", error.message));
  return { ok: true };
}

async function newlyPaired({ line, browser }) {
  const { address, code } = pairingOf(line);
  const answer = await pair(address, code, browser);
  await forget();
  const { token, person, language, stores } = answer;
  await remember({ pair: { address, token, person, language, stores, at: Date.now() } });
  await note("log_paired", address);
  await told({ kind: "again" });
  readAllSoon();
  return { ok: true };
}

async function hello({ number }) {
  refused.clear();
  const { readAt, session } = await recall("readAt", "session");
  const due = Date.now() - readAt > PACE.everyMinutes * 60_000;
  if (due || ["ENDED", "REFUSED", "AWAY"].includes(session)) readAllSoon();
  else if (number) queued(() => readOne(number));
  return sentences();
}

async function sentences() {
  const { pair: to, language, session } = await recall("pair", "language", "session");
  const chosen = languageOf(language || to?.language);
  return { paired: Boolean(to), address: to?.address ?? "", language: chosen, words: await words(chosen), session };
}

async function cases({ numbers }) {
  const { pair: to, language } = await recall("pair", "language");
  if (!to || !numbers.length) return { items: [] };
  try {
    return await shown(to, numbers, languageOf(language || to.language));
  } catch (error) {
    if (error instanceof Revoked) await unpair("log_revoked");
    return { items: [] };
  }
}

const FROM_CABINET = {
  hello,
  cases,
  pressed: ({ number }) => void queued(() => readOne(number)),
  sentences,
};
const FROM_OWN_PAGES = {
  pair: newlyPaired,
  unpair: unpairedHere,
  read: async () => {
    await findTabs();
    if (tabs.size) readAllSoon();
    return { tabs: tabs.size };
  },
  sentences,
};

chrome.runtime.onMessage.addListener((message, sender, respond) => {
  if (sender.id !== chrome.runtime.id) return false;
  const own = sender.url?.startsWith(chrome.runtime.getURL(""));
  if (sender.tab && !own) tabs.add(sender.tab.id); // this worker may have slept since the tab said hello
  const handler = (own ? FROM_OWN_PAGES : FROM_CABINET)[message?.kind];
  if (!handler) return false;
  Promise.resolve(handler(message)).then(
    (answer) => respond(answer ?? null),
    (error) => respond({ error: error instanceof NotSafe ? `not_safe_${error.message}` : error instanceof Revoked ? "code_used" : "not_reached" }),
  );
  return true;
});

/** Ask every tab of the cabinet to say hello again, after this worker was put to sleep and woken. */
async function findTabs() {
  for (const tab of await chrome.tabs.query({})) {
    const here = await chrome.tabs.sendMessage(tab.id, { kind: "here" }).catch(() => null);
    if (here) tabs.add(tab.id);
    else tabs.delete(tab.id);
  }
}

async function tick() {
  await findTabs();
  const { readAt, session, pair: to } = await recall("readAt", "session", "pair");
  if (!to) return;
  const due = Date.now() - readAt > (PACE.everyMinutes + Math.random()) * 60_000;
  if (!due) return;
  if (!tabs.size) {
    await remember({ readAt: Date.now() });
    await safely(() => tell("AWAY", []));
  } else if (session !== "ENDED") readAllSoon();
}

chrome.storage.session.set({ reading: false }); // a reading does not outlive the worker
chrome.alarms.create("tick", { periodInMinutes: 1 });
chrome.alarms.onAlarm.addListener(() => queued(tick));
chrome.action.onClicked.addListener(() => chrome.runtime.openOptionsPage());
chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") chrome.runtime.openOptionsPage();
});
