// The one address anything is sent to: the paired Qaitar.

export class Revoked extends Error {}
export class NotReached extends Error {}
export class NotSafe extends Error {}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

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
  let answer;
  try {
    answer = await fetch(`${address}/api/v1${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...(language && { "Accept-Language": language }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
  } catch (error) {
    throw new NotReached(String(error));
  }
  if (answer.status === 401) throw new Revoked();
  if (!answer.ok) throw new NotReached(`HTTP ${answer.status}`);
  return answer.json();
}

export const pair = (address, code, browser) => ask(address, code, "/companion/pair", { browser });
export const contact = (to, session, stores) => ask(to.address, to.token, "/companion/contact", { session, stores });
export const unpaired = (to) => ask(to.address, to.token, "/companion/unpair", "");
export const shown = (to, numbers, language) => ask(to.address, to.token, "/companion/shown", { numbers }, language);
export const handOver = (to, store, text) => ask(to.address, to.token, `/intake/cabinet/${store}`, text);
