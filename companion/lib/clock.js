// What time it is by Qaitar's clock, and whether a moment has come although this computer's clock may have been set back.

/** Milliseconds by the server's clock: two employees' computers then agree on which of their looks is the newer one. */
export class ServerClock {
  /** `wall` is this computer's clock, `steady` one that is never set. */
  constructor({ wall, steady }) {
    Object.assign(this, { wall, steady });
    this.anchor = null;
  }

  /** Qaitar has just said what time it is there. */
  set(server) {
    if (Number.isFinite(server)) this.anchor = { server, wall: this.wall(), steady: this.steady() };
  }

  /** What passed is the longer of both clocks: a steady one may stop while the computer sleeps, the other may be set back. */
  now() {
    if (!this.anchor) return this.wall();
    const { server, wall, steady } = this.anchor;
    return server + Math.max(this.wall() - wall, this.steady() - steady);
  }
}

/** The one clock of this worker; before the first contact it is the computer's own. */
export const clock = new ServerClock({ wall: Date.now, steady: () => performance.now() });

/** Tell whether so much time has passed since a moment.  One that lies ahead was written down before the clock was set back. */
export const passed = (since, ms, now) => since > now || now - since >= ms;

/** Give the pause after so many failures: each longer than the one before, the last for ever. */
export const pauseOf = (pauses, failures) => pauses[Math.min(Math.max(failures, 1), pauses.length) - 1];
