// What an answer of the cabinet means, and how it is written down for Qaitar.

/** The cabinet as a whole cannot be read now: `session` says why. */
export class Stopped extends Error {
  constructor(session) {
    super(session);
    this.session = session;
  }
}

/** This one question was not answered; `why` is a code with words in _locales.  `refused`: the cabinet asks to sign in, or refuses. */
export class NotAnswered extends Error {
  constructor(why, { status = 0, refused = false } = {}) {
    super(why);
    Object.assign(this, { why, status, refused });
  }

  /** It may be meant for all questions, not for this one: ask at once. */
  get isDoubtful() {
    return this.refused || this.status === 429;
  }
}

const REFUSALS = new Set([401, 403]);
const TOO_LATE = new Set(["TimeoutError", "AbortError"]);

/** Judge an answer; gives its text back. */
export function textOf({ failed, redirected, status, type, text }) {
  if (failed) throw new NotAnswered(TOO_LATE.has(failed) ? "TIMEOUT" : "NO_ANSWER");
  if (redirected) throw new NotAnswered("LOGIN", { refused: true });
  if (status !== 200) throw new NotAnswered(`HTTP_${status}`, { status, refused: REFUSALS.has(status) });
  if (/html/.test(type)) throw new NotAnswered("LOGIN", { refused: true });
  return text;
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isoOf = (ms) => new Date(ms).toISOString();

/** An answer as one entry of a HAR archive: when it was asked for, where it came from, and its text unchanged. */
export const entryOf = (url, answer, at) => ({
  startedDateTime: isoOf(at),
  request: { method: "GET", url },
  response: { status: answer.status, content: { mimeType: answer.type, text: answer.text } },
});

/** A picture as an entry: whose it is, its size and SHA-256, not the picture. */
export const pictureOf = (url, answer, number, at) => ({
  startedDateTime: isoOf(at),
  comment: number,
  request: { method: "GET", url },
  response: { status: answer.status, content: { mimeType: answer.type, size: answer.size, comment: `sha256:${answer.sha256}` } },
});

/** A parcel as it is sent; `at` lets the server take a wrong clock out of the entries' moments. */
export const archiveOf = (entries, at) => JSON.stringify({ log: { version: "1.2", creator: { name: "Qaitar companion" }, _handedAt: isoOf(at), entries } });

async function printOf(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const FIELDS = ["refundId", "tab", "reason", "plannedDate", "order", "productSku", "customer", "sum", "quantity", "description"];

/** Print a list item by the fields that Qaitar reads: another order of them, or a field that says nothing of the request, is no change. */
export const itemPrint = (item) =>
  printOf(JSON.stringify([...FIELDS.map((name) => item[name] ?? null), item.refundReason?.reason ?? null, item.refundReason?.reasonDescription ?? null]));
