// The readings: of all stores, and of one request.  What the cabinet said of itself is told to the person and to Qaitar.
import { Stopped } from "./answers.js";
import { clock, passed, pauseOf } from "./clock.js";
import { lastRequest, note, recall, remember } from "./memory.js";
import { Parcel, deliver, stillPaired } from "./outbox.js";
import { CeilingReached, Pace } from "./pace.js";
import { NotReached, NotTaken, contact, missing } from "./qaitar.js";
import { Reading, newShop } from "./reading.js";
import { HELLO_MS, PACE, READING_MS, TAB_MS, UNREACHED_MIN } from "./settings.js";
import { Tabs } from "./tabs.js";

/** The person has paused or unpaired: the reading under way asks for nothing more. */
class Halted extends Error {}

const MINUTE = 60_000;
const SAVE_EVERY = 20; // details
const BAD = new Set(["ENDED", "REFUSED", "NO_ANSWER"]);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const steady = () => performance.now();

export const tabs = new Tabs({
  send: (tab, message) => chrome.tabs.sendMessage(tab, message),
  all: async () => (await chrome.tabs.query({})).map(({ id }) => id),
  answerMs: TAB_MS,
  helloMs: HELLO_MS,
});
export const refused = new Set(); // shops this login does not show, until the next page load
const pace = new Pace(PACE, { clock: Date.now, sleep, chance: Math.random, memory: lastRequest });

/** Have every open page of the cabinet ask anew what is to be shown on it. */
export const tellTabs = () => tabs.tell({ kind: "again" });

// --- what is said ---------------------------------------------------------------------------------

/** Say to Qaitar how the cabinet of these stores is; answers with the stores to read. */
export async function say(to, session, stores, more = {}) {
  const { now, person, language, stores: known } = await contact(to, { session, stores, ...more });
  clock.set(Date.parse(now));
  const fresh = { ...to, person, language, stores: known };
  if (await stillPaired(to)) await remember({ pair: fresh });
  return fresh;
}

/** Remember how the cabinet is, and since when; the pages show it at once. */
export async function settle(session) {
  const { session: before, sessionAt } = await recall("session", "sessionAt");
  await remember({ session, sessionAt: session === before && sessionAt ? sessionAt : Date.now() });
  const { unreached } = await recall("unreached");
  await chrome.action.setBadgeText({ text: BAD.has(session) || unreached ? "!" : "" });
}

const reportOf = (one, store, before) => {
  const lists = one.isWhole ? one.lists.filter(({ expected, read }) => read < expected) : (before?.lists ?? []);
  return { name: store.name, failed: one.failed, lists, odd: one.isWhole ? [...one.odd] : (before?.odd ?? []) };
};

/** What of a store's reading is said to Qaitar: how its lists fit the counts, numbers never seen so, details that fail. */
const saidOf = (one, store) => ({
  lists: one.isWhole ? one.lists.map((list) => ({ store: store.id, ...list })) : [],
  odd_numbers: one.isWhole ? [...one.odd].map((number) => ({ store: store.id, number })) : [],
  failed: one.failed.map(({ number, why, since, tries }) => ({ store: store.id, number: number.slice(0, 60), why, since: new Date(since).toISOString(), tries })),
});

// --- Qaitar that does not take anything -----------------------------------------------------------

/** Tell whether Qaitar may be tried: at once as a rule, after growing pauses while it takes nothing. */
export async function mayTry({ atLeast = 0 } = {}) {
  const { unreached } = await recall("unreached");
  return !unreached || passed(unreached.at, atLeast || pauseOf(UNREACHED_MIN, unreached.tries) * MINUTE, Date.now());
}

/** Do what needs Qaitar; while it cannot be reached, since when and how often it was tried is remembered. */
export async function reaching(job) {
  try {
    await job();
    if ((await recall("unreached")).unreached) await remember({ unreached: null });
  } catch (error) {
    if (!(error instanceof NotReached || error instanceof NotTaken)) throw error;
    const { unreached, pair } = await recall("unreached", "pair");
    if (!pair) return;
    await note("log_unreached", error.message);
    await remember({ unreached: { since: unreached?.since ?? Date.now(), tries: (unreached?.tries ?? 0) + 1, at: Date.now() } });
  }
  await settle((await recall("session")).session);
  await tellTabs();
}

// --- reading --------------------------------------------------------------------------------------

/** Fetch through a cabinet tab, where the person is signed in; the answer carries when it was asked for. */
async function ask(url, options, until) {
  if (steady() > until) throw new CeilingReached();
  await pace.turn();
  const { pair: to, paused } = await recall("pair", "paused");
  if (!to || paused) throw new Halted();
  const at = clock.now();
  const answer = await tabs.ask({ kind: "ask", url, ...options });
  if (!answer) throw new Stopped("AWAY");
  return { ...answer, at };
}

/** Ask Qaitar which requests of a store it misses; an answer that does not come stops no reading. */
async function missed(to, store, seen) {
  try {
    const { items } = await missing(to, store.id, seen.slice(0, 10_000));
    return items.map(({ number, refund_id: refundId }) => ({ number, refundId }));
  } catch (error) {
    if (error instanceof NotReached || error instanceof NotTaken) return [];
    throw error;
  }
}

/** Run a reading of one store; gives what the cabinet said of itself. */
async function reading(to, store, how) {
  const shop = store.external_id;
  const { shops, session: sessionBefore } = await recall("shops", "session");
  const kept = { ...newShop(), ...structuredClone(shops[shop] ?? {}) };
  const parcel = new Parcel(to, store);
  // What was seen is written down together with the parcel that holds it.
  const commit = async () => {
    const latest = (await recall("shops")).shops;
    await parcel.send({ shops: { ...latest, [shop]: kept } });
    if (parcel.isRefused) kept.prints = {};
  };
  let grown = 0;
  const until = steady() + READING_MS;
  const one = new Reading(shop, {
    ask: (url, options) => ask(url, options, until),
    hand: (entry) => parcel.add(entry),
    kept,
    save: async () => void ((grown += 1) % SAVE_EVERY === 0 && (await commit())),
    now: () => clock.now(),
    pause: sleep,
    allow: (requests) => pace.begin(requests),
    missing: (seen) => missed(to, store, seen),
  });
  const session = await sessionOf(one, how, store, sessionBefore);
  if (session === "ENDED" || session === "NO_ANSWER") await settle(session); // the person is to know, whether Qaitar can be reached or not
  await commit();
  if (session === "HALTED" || !(await stillPaired(to))) return "HALTED";
  const { reports } = await recall("reports");
  await remember({ reports: { ...reports, [shop]: reportOf(one, store, reports[shop]) } });
  await note(`log_${session.toLowerCase()}`, store.name, one.numbers.size, parcel.sent);
  for (const { number, why } of one.failed) await note("log_failed", number, why);
  if (session === "REFUSED") refused.add(shop);
  else await say(to, session, [store.id], saidOf(one, store));
  return session;
}

/** Read, and tell how the cabinet is: as the reading found it, or why it stopped. */
async function sessionOf(one, how, store, before) {
  try {
    const came = await how(one);
    if (came === false) return before; // one detail failed: the cabinet is as it was
  } catch (error) {
    if (error instanceof Stopped) return error.session;
    if (error instanceof Halted) return "HALTED";
    if (!(error instanceof CeilingReached)) throw error;
    await note("log_ceiling", store.name);
  }
  return one.isWhole ? one.session : before === "CHANGED" || one.changedShape ? "CHANGED" : "OPEN";
}

/** Of several stores' sessions, the one to be shown: the worst, where one store alone is not shown to this login it says nothing. */
function worst(said) {
  const order = ["ENDED", "AWAY", "NO_ANSWER", "CHANGED", "OPEN"];
  return order.find((session) => said.includes(session)) ?? null;
}

/** Read every store once. */
export async function readAll() {
  const { pair: to, paused, session } = await recall("pair", "paused", "session");
  if (!to || paused || !tabs.any) return;
  await chrome.storage.session.set({ reading: true });
  let hasBegun = false;
  try {
    const fresh = await say(to, session, []);
    await deliver(to);
    hasBegun = true;
    const stores = fresh.stores.filter(({ external_id: shop }) => shop);
    const said = await readStores(fresh, stores.filter(({ external_id: shop }) => !refused.has(shop)));
    if (said.includes("HALTED")) hasBegun = false;
    else await conclude(fresh, stores, said);
  } finally {
    // However it ended, the cabinet is not asked again at once.
    if (hasBegun && (await stillPaired(to))) await remember({ readAt: Date.now() });
    await chrome.storage.session.set({ reading: false });
  }
}

async function readStores(to, stores) {
  const said = [];
  for (const store of stores) {
    said.push(await reading(to, store, (one) => one.whole()));
    if (["ENDED", "AWAY", "HALTED"].includes(said.at(-1))) break;
    if (said.at(-1) === "NO_ANSWER" && said.at(-2) === "NO_ANSWER") break; // of the others nothing would come either
  }
  return said;
}

/** Say what all stores together come to.  A login that no store is shown to has ended; one store not shown says nothing of the others. */
async function conclude(to, stores, said) {
  const ids = (chosen) => stores.filter(chosen).map(({ id }) => id);
  const isRefused = ({ external_id: shop }) => refused.has(shop);
  if (stores.length && stores.every(isRefused)) {
    await say(to, "ENDED", ids(() => true));
    return settle("ENDED");
  }
  if (said.includes("REFUSED")) await say(to, "REFUSED", ids(isRefused));
  const session = worst(said);
  if (!session) return null;
  if (session === "ENDED") await say(to, session, ids((store) => !isRefused(store)));
  else await say(to, session, []);
  return settle(session);
}

/** Read one request again: the person has just opened it, or pressed its button. */
export async function readOne(number) {
  const { pair: to, shops, paused, session } = await recall("pair", "shops", "paused", "session");
  if (!to || paused || session === "ENDED" || !tabs.any) return;
  const store = to.stores.find(({ external_id: shop }) => shops[shop]?.refunds[number]);
  if (!store) return;
  const refundId = shops[store.external_id].refunds[number];
  if (!clock.anchor) await say(to, session, []);
  await deliver(to);
  const said = await reading(to, store, (one) => one.single({ number, refundId }));
  if (said !== "HALTED" && said !== "REFUSED") await settle(said);
}
