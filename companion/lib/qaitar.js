// The one address anything is sent to: the paired Qaitar.
import { QAITAR_MS } from "./settings.js";

export class Revoked extends Error {}
export class NotReached extends Error {}
export class NotSafe extends Error {}

/** Qaitar answers, and will not take this however often it is sent. */
export class NotTaken extends Error {}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
const TRY_AGAIN = new Set([408, 409, 425, 429]);

/** Take apart the line copied from Qaitar: its address, `#`, the one-time code. */
export function pairingOf(line) {
  let url;
  try {
    url = new URL(line.trim());
  } catch {
    throw new NotSafe("line");
  }
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (!safe) throw new NotSafe("https");
  const code = url.hash.slice(1);
  if (!/^[A-Z2-9]{8,40}$/.test(code) || url.username || url.search) throw new NotSafe("line");
  return { address: url.origin, code };
}

export const permissionOf = (address) => `${new URL(address).protocol}//${new URL(address).hostname}/*`;

async function ask(address, token, path, body, language) {
  try {
    const answer = await fetch(`${address}/api/v1${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...(language && { "Accept-Language": language }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(QAITAR_MS),
    });
    if (answer.ok) return await answer.json();
    if (answer.status === 401) throw new Revoked();
    if (answer.status >= 400 && answer.status < 500 && !TRY_AGAIN.has(answer.status)) throw new NotTaken(`HTTP ${answer.status}`);
    throw new NotReached(`HTTP ${answer.status}`);
  } catch (error) {
    if (error instanceof Revoked || error instanceof NotTaken || error instanceof NotReached) throw error;
    throw new NotReached(String(error));
  }
}

export const pair = (address, code, browser) => ask(address, code, "/companion/pair", { browser });
export const contact = (to, said) => ask(to.address, to.token, "/companion/contact", said);
export const missing = (to, store, seen) => ask(to.address, to.token, "/companion/missing", { store, seen });
export const unpaired = (to) => ask(to.address, to.token, "/companion/unpair", "");
export const shown = (to, numbers, language) => ask(to.address, to.token, "/companion/shown", { numbers }, language);
export const handOver = (to, store, text) => ask(to.address, to.token, `/intake/cabinet/${store}`, text);
