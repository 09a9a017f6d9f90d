// What the companion remembers in this browser: whom it is paired with, fingerprints of what it has seen, and its log.
import { LOG_LINES } from "./settings.js";

const EMPTY = { pair: null, shops: {}, where: {}, session: "AWAY", readAt: 0, language: "", paused: false };

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
