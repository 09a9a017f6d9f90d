// In a tab of the cabinet: fetches what the companion asks for, sees which requests the page shows, has them drawn.
"use strict";

(() => {
  const NUMBER = /(?<!\d)\d{6,12}-\d{1,3}(?!\d)/;
  const ONLY_NUMBER = /^\s*(?:№\s*)?(\d{6,12}-\d{1,3})\s*$/;
  const NUMBERS_MAX = 100;
  const SETTLE_MS = 400;
  const ASK_AGAIN_MS = 60_000;
  const PRESSED_AGAIN_MS = [3000, 5000, 10_000, 20_000, 40_000]; // while a press waits to be proved, Qaitar is asked so often
  const HOSTS = /(^|\.)kaspi\.kz$/;
  let told = { paired: false, words: {}, address: "", session: "AWAY", since: 0, unreached: 0, troubles: [] };
  let known = new Map();
  let askedFor = "";
  let askedAt = -Infinity; // by a clock that nobody sets
  let waiting = { timer: 0, asks: 0 };
  let questions = 0; // asked so far, and the newest one with an answer
  let answered = 0;

  // --- fetching ---------------------------------------------------------------------------------

  async function fetched({ url, picture }) {
    const at = new URL(url);
    if (at.protocol !== "https:" || !HOSTS.test(at.hostname)) return { failed: "not the cabinet" };
    const headers = picture ? {} : { "x-auth-version": "3", Accept: "application/json" };
    try {
      const answer = await fetch(url, { credentials: "include", redirect: "manual", headers, signal: AbortSignal.timeout(30_000) });
      const type = answer.headers.get("content-type") ?? "";
      const seen = { status: answer.status, type, redirected: answer.type === "opaqueredirect" };
      if (seen.redirected) return seen;
      return picture ? { ...seen, ...(await hashed(answer)) } : { ...seen, text: await answer.text() };
    } catch (error) {
      return { failed: String(error?.name ?? error) };
    }
  }

  async function hashed(answer) {
    const bytes = await answer.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return { size: bytes.byteLength, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") };
  }

  // --- what the page shows ----------------------------------------------------------------------

  /** The request this page is about, if it is about one: by its address, else by its heading. */
  function requestHere() {
    const inAddress = `${location.pathname}${location.hash}`.match(NUMBER);
    return (inAddress ?? document.querySelector("h1")?.textContent.match(NUMBER))?.[0] ?? "";
  }

  /** Texts that are a request's number and nothing else. */
  function places() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && found.length < NUMBERS_MAX; node = walker.nextNode()) {
      const number = node.data.length < 40 && node.data.match(ONLY_NUMBER)?.[1];
      if (number && !node.parentElement?.closest("script,style,textarea,[contenteditable]")) found.push({ number, node });
    }
    return found;
  }

  async function ask(message) {
    try {
      return await chrome.runtime.sendMessage(message);
    } catch {
      return null; // the companion was updated or switched off: this page stays as it is
    }
  }

  /** Draw what is known of the page's requests; whatever fails, the page itself is left alone. */
  async function look({ afresh = false } = {}) {
    try {
      const here = requestHere();
      const shown = places();
      const numbers = [...new Set([here, ...shown.map((each) => each.number)])].filter(Boolean).slice(0, NUMBERS_MAX);
      const stale = performance.now() - askedAt > ASK_AGAIN_MS;
      if (told.paired && (afresh || stale || numbers.join() !== askedFor)) {
        askedFor = numbers.join();
        askedAt = performance.now();
        const answer = await ask({ kind: "cases", numbers });
        if (answer) known = new Map(answer.items.map((each) => [each.number, each])); // none: Qaitar does not answer, what was known stays
      }
      if (!told.paired) known = new Map();
      globalThis.qaitarDraw.badges(shown, known, told);
      globalThis.qaitarDraw.panel(known.get(here), told);
      globalThis.qaitarDraw.notice(told);
      awaitProof(known.get(here));
    } catch {
      // A page of a shape never seen: it shows nothing of ours.
    }
  }

  /** While a press is not proved, Qaitar is asked again after growing pauses. */
  function awaitProof(item) {
    if (!item?.pressed_at) {
      clearTimeout(waiting.timer);
      waiting = { timer: 0, asks: 0 };
    } else if (!waiting.timer && waiting.asks < PRESSED_AGAIN_MS.length) {
      const pause = PRESSED_AGAIN_MS[waiting.asks];
      waiting.asks += 1;
      waiting.timer = setTimeout(() => ((waiting.timer = 0), look({ afresh: true })), pause);
    }
  }

  // --- listening --------------------------------------------------------------------------------

  let settling = 0;
  function soon(options) {
    clearTimeout(settling);
    settling = setTimeout(() => look(options), SETTLE_MS);
  }

  chrome.runtime.onMessage.addListener((message, sender, respond) => {
    if (sender.id !== chrome.runtime.id) return false;
    if (message.kind === "ask") fetched(message).then(respond);
    else if (message.kind === "here") respond(true);
    else {
      lookAnew("sentences");
      respond(true);
    }
    return message.kind === "ask";
  });

  /** Ask how things stand and draw it. An answer to an older question that comes late does not replace a newer one. */
  async function lookAnew(kind, more = {}) {
    const question = ++questions;
    const answer = await ask({ kind, ...more });
    if (question < answered) return;
    answered = question;
    told = answer ?? told;
    await look({ afresh: true });
  }

  // The person presses; the companion only takes note, says so, and looks again a little later.  The page may be gone by then.
  document.addEventListener(
    "click",
    (event) => {
      const here = requestHere();
      const button = event.isTrusted && here && event.target.closest?.("button,[role=button],input[type=submit]");
      const item = known.get(here);
      const wanted = item?.to_press?.button;
      if (button && wanted && (button.textContent || button.value).includes(wanted)) {
        ask({ kind: "pressed", number: here, decidedAt: item.to_press.decided_at });
        known.set(here, { ...item, pressed_at: Date.now() });
        waiting.asks = 0;
        soon();
      }
    },
    true,
  );
  new MutationObserver(() => soon()).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
  addEventListener("hashchange", () => soon());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookAnew("front"));
  addEventListener("pageshow", (event) => event.persisted && lookAnew("hello", { number: requestHere() }));
  setInterval(() => look(), ASK_AGAIN_MS);

  lookAnew("hello", { number: requestHere() });
})();
