// What was read and not yet taken by Qaitar waits in the browser: it is handed over first, and nothing more is read until then.
import { archiveOf } from "./answers.js";
import { clock } from "./clock.js";
import { note, recall, remember } from "./memory.js";
import { NotTaken, handOver } from "./qaitar.js";
import { HANDED_CHARS } from "./settings.js";

/** What an unpaired companion was still busy with is not written down any more. */
export const stillPaired = async (to) => (await recall("pair")).pair?.token === to.token;

/** Collects entries of one store and gives them over in parcels; `isRefused` once Qaitar would not take one of them. */
export class Parcel {
  constructor(to, store) {
    Object.assign(this, { to, store, entries: [], chars: 0, sent: 0, isRefused: false });
  }

  async add(entry) {
    this.entries.push(entry);
    this.chars += JSON.stringify(entry).length;
    if (this.chars >= HANDED_CHARS) await this.send({});
  }

  /** Write the parcel down together with what was remembered of it, in one step, then hand over all that waits. */
  async send(values) {
    if (!(await stillPaired(this.to))) return;
    const { outbox } = await recall("outbox");
    if (this.entries.length) outbox.push({ id: crypto.randomUUID(), store: this.store.id, shop: this.store.external_id, entries: this.entries });
    await remember({ ...values, outbox });
    this.sent += this.entries.length;
    this.entries = [];
    this.chars = 0;
    const refused = await deliver(this.to);
    if (refused.has(this.store.external_id)) this.isRefused = true;
  }
}

/** Hand over what waits, the oldest first.  What Qaitar will never take is left out and its shop read anew; gives these shops. */
export async function deliver(to) {
  const refused = new Set();
  for (let { outbox } = await recall("outbox"); outbox.length; { outbox } = await recall("outbox")) {
    const [first] = outbox;
    try {
      await handOver(to, first.store, archiveOf(first.entries, clock.now()));
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      await note("log_not_taken", error.message);
      await forgetPrints(first.shop);
      refused.add(first.shop);
    }
    if (!(await stillPaired(to))) return refused;
    const { outbox: left } = await recall("outbox");
    await remember({ outbox: left.filter(({ id }) => id !== first.id) });
  }
  return refused;
}

async function forgetPrints(shop) {
  const { shops } = await recall("shops");
  if (shops[shop]) await remember({ shops: { ...shops, [shop]: { ...shops[shop], prints: {} } } });
}
