// The companion's conscience: when to read, how often, what to tell Qaitar, when to stop.  Fetching is done by an open cabinet tab.
import { passed } from "./lib/clock.js";
import { forget, note, presses, recall, remember } from "./lib/memory.js";
import { deliver } from "./lib/outbox.js";
import { NotSafe, Revoked, pair, pairingOf, shown, unpaired } from "./lib/qaitar.js";
import { PACE, PRESSED_MS } from "./lib/settings.js";
import { mayTry, reaching, readAll, readOne, refused, say, settle, tabs, tellTabs } from "./lib/work.js";
import { languageOf, words } from "./lib/words.js";

const MINUTE = 60_000;
const AWAKE_MS = 20_000; // a worker that calls nothing for half a minute is put to sleep
let work = Promise.resolve();
let wholeWaits = false;
let tickWaits = false;

/** One thing after another: two readings never run at once.  A job that needs Qaitar says when it cannot be reached. */
function queued(job) {
  work = work.then(async () => {
    const awake = setInterval(() => chrome.runtime.getPlatformInfo(), AWAKE_MS);
    try {
      await job();
    } catch (error) {
      if (error instanceof Revoked) await unpair("log_revoked");
      else await note("log_trouble", error?.message ?? error);
    } finally {
      clearInterval(awake);
    }
  });
  return work;
}

function readAllSoon() {
  if (wholeWaits) return;
  wholeWaits = true;
  queued(() => {
    wholeWaits = false;
    return reaching(readAll);
  });
}

const readOneSoon = (number) => queued(async () => ((await mayTry({ atLeast: MINUTE })) ? reaching(() => readOne(number)) : null));

// --- pairing --------------------------------------------------------------------------------------

async function unpair(why) {
  await forget();
  await note(why);
  await chrome.action.setBadgeText({ text: why === "log_revoked" ? "!" : "" });
  await tellTabs();
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
  await tellTabs();
  readAllSoon();
  return { ok: true };
}

// --- the cabinet's pages --------------------------------------------------------------------------

const UNSURE = new Set(["ENDED", "REFUSED", "AWAY", "NO_ANSWER"]);

/** A page of the cabinet was loaded, or came to the front: what could not be read is tried again. */
async function hello({ number }) {
  refused.clear();
  const { readAt, session } = await recall("readAt", "session");
  if (!(await mayTry({ atLeast: MINUTE }))) return sentences();
  if (UNSURE.has(session) || passed(readAt, PACE.everyMinutes * MINUTE, Date.now())) readAllSoon();
  else if (number) readOneSoon(number);
  return sentences();
}

async function front() {
  const { readAt, session } = await recall("readAt", "session");
  if (UNSURE.has(session) && passed(readAt, MINUTE, Date.now()) && (await mayTry({ atLeast: MINUTE }))) readAllSoon();
  return sentences();
}

/** What a page shows besides its requests: the words, how the cabinet is and since when, what could not be read. */
async function sentences() {
  const { pair: to, language, session, sessionAt, unreached, reports } = await recall("pair", "language", "session", "sessionAt", "unreached", "reports");
  const chosen = languageOf(language || to?.language);
  const stores = new Set(to?.stores.map(({ external_id: shop }) => shop));
  const troubles = Object.entries(reports).filter(([shop]) => stores.has(shop)).map(([, report]) => report);
  return {
    paired: Boolean(to), address: to?.address ?? "", language: chosen, words: await words(chosen), session, since: sessionAt, unreached: unreached?.since ?? 0, troubles,
  };
}

/** Tell what Qaitar knows of the numbers on a page; nothing when it does not answer, and the page shows what it showed. */
async function cases({ numbers }) {
  const { pair: to, language } = await recall("pair", "language");
  if (!to || !numbers.length) return { items: [] };
  try {
    const { items } = await shown(to, numbers, languageOf(language || to.language));
    return { items: await withPresses(items) };
  } catch (error) {
    if (!(error instanceof Revoked)) return null;
    await unpair("log_revoked");
    return { items: [] };
  }
}

/** The person has pressed: the request is looked at soon, and again with growing pauses until the press is proved. */
async function pressed({ number, decidedAt }) {
  await presses.set({ ...(await presses.get()), [number]: { at: Date.now(), decidedAt, looks: 0, lookedAt: Date.now() } });
  setTimeout(() => lookAgain(number), PRESSED_MS[0]);
  return true;
}

async function lookAgain(number) {
  const all = await presses.get();
  const press = all[number];
  if (!press || press.looks >= PRESSED_MS.length || !passed(press.lookedAt, PRESSED_MS[press.looks], Date.now())) return;
  await presses.set({ ...all, [number]: { ...press, looks: press.looks + 1, lookedAt: Date.now() } });
  readOneSoon(number);
}

/** Say beside each request whether its press was seen and is not proved yet; a proved one is forgotten. */
async function withPresses(items) {
  const all = await presses.get();
  const left = { ...all };
  const told = items.map((item) => {
    const press = all[item.number];
    const waits = press && item.to_press?.decided_at === press.decidedAt;
    if (press && !waits) delete left[item.number];
    if (waits) lookAgain(item.number);
    return waits ? { ...item, pressed_at: press.at } : item;
  });
  if (Object.keys(left).length < Object.keys(all).length) await presses.set(left);
  return told;
}

const FROM_CABINET = { hello, front, cases, pressed, sentences };
const FROM_OWN_PAGES = {
  pair: newlyPaired,
  unpair: unpairedHere,
  read: async () => {
    await tabs.find();
    if (tabs.any) readAllSoon();
    return { tabs: tabs.known.size };
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

// --- time -----------------------------------------------------------------------------------------

/** Once a minute: read if it is time, hand over what waits, say that no tab of the cabinet is open. */
async function tick() {
  tickWaits = false;
  await tabs.find();
  const { readAt, session, pair: to, outbox } = await recall("readAt", "session", "pair", "outbox");
  if (!to || !(await mayTry())) return;
  const isDue = passed(readAt, (PACE.everyMinutes + Math.random()) * MINUTE, Date.now());
  if (!tabs.any && (isDue || outbox.length)) {
    await remember({ readAt: Date.now() });
    await reaching(async () => {
      await say(to, "AWAY", []);
      await deliver(to);
      await settle("AWAY");
    });
  } else if (isDue && session !== "ENDED" && tabs.any) readAllSoon();
  else if (outbox.length) {
    await reaching(async () => {
      await say(to, session, []);
      await deliver(to);
    });
  }
}

chrome.storage.session.set({ reading: false }); // a reading does not outlive the worker
chrome.alarms.create("tick", { periodInMinutes: 1 });
chrome.alarms.onAlarm.addListener(() => {
  if (!tickWaits) queued(tick);
  tickWaits = true;
});
chrome.action.onClicked.addListener(() => chrome.runtime.openOptionsPage());
chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") chrome.runtime.openOptionsPage();
});
