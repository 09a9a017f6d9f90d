// Lets requests through one by one, never two within the gap, never more than the ceiling of a reading.

export class CeilingReached extends Error {}

/** `clock` tells milliseconds, `sleep` waits, `chance` gives 0..1, `memory` keeps when the last request began across restarts. */
export class Pace {
  constructor({ gapMs, jitterMs }, { clock, sleep, chance, memory }) {
    Object.assign(this, { gapMs, jitterMs, clock, sleep, chance, memory });
    this.left = 0;
  }

  /** From now on so many requests may be made. */
  begin(ceiling) {
    this.left = ceiling;
  }

  /** Wait until the next request may begin; a clock that was set back makes the wait no longer than a gap. */
  async turn() {
    if (this.left <= 0) throw new CeilingReached();
    this.left -= 1;
    const last = await this.memory.get();
    const wait = last + this.gapMs + this.chance() * this.jitterMs - this.clock();
    if (wait > 0) await this.sleep(Math.min(wait, this.gapMs + this.jitterMs));
    await this.memory.set(this.clock());
  }
}
