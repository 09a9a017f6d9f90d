// What the companion remembers in this browser: whom it is paired with, what it has seen, what waits to be handed over, and its log.
import { LOG_LINES } from "./settings.js";

/**
 * `shops`: of each shop what `newShop` of reading.js says.  `reports`: of each shop what its last reading could not read.  `outbox`: parcels
 * that Qaitar has not taken yet.  `unreached`: since when Qaitar takes nothing, how often and when it was tried.
 */
const EMPTY = { pair: null, shops: {}, reports: {}, outbox: [], unreached: null, session: "AWAY", sessionAt: 0, readAt: 0, language: "", paused: false };

export async function recall(...names) {
  const kept = await chrome.storage.local.get(names);
  return Object.fromEntries(names.map((name) => [name, kept[name] ?? structuredClone(EMPTY[name])]));
}

export const remember = (values) => chrome.storage.local.set(values);

/** Forget everything but the log: after unpairing nothing of the shop stays in the browser. */
export async function forget() {
  const { log } = await chrome.storage.local.get("log");
  await chrome.storage.local.clear();
  await chrome.storage.local.set({ log: log ?? [] });
  await chrome.storage.session.remove("pressed");
}

let writing = Promise.resolve();

/** Add a line to the log a person can open; `what` is a message of _locales. */
export function note(what, ...values) {
  writing = writing.then(async () => {
    const { log = [] } = await chrome.storage.local.get("log");
    log.push({ at: Date.now(), what, values: values.map(String) });
    await chrome.storage.local.set({ log: log.slice(-LOG_LINES) });
  });
  return writing;
}

export const lastRequest = {
  get: async () => (await chrome.storage.session.get("lastRequest")).lastRequest ?? 0,
  set: (at) => chrome.storage.session.set({ lastRequest: at }),
};

/** Presses seen in the cabinet that Qaitar has not seen proved yet, by number: when, how often and when last looked at. */
export const presses = {
  get: async () => (await chrome.storage.session.get("pressed")).pressed ?? {},
  set: (pressed) => chrome.storage.session.set({ pressed }),
};
