// The tabs of the cabinet, through which everything there is asked: one that hangs is passed over, never waited for without end.

/** Give what comes within the time, else null; a failure counts as nothing. */
export async function within(promise, ms) {
  let timer;
  const late = new Promise((done) => (timer = setTimeout(() => done(null), ms)));
  try {
    return (await Promise.race([promise, late])) ?? null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

export class Tabs {
  /** `send(tab, message)` asks one tab, `all()` names every tab of the browser. */
  constructor({ send, all, answerMs, helloMs }) {
    Object.assign(this, { send, all, answerMs, helloMs });
    this.known = new Set();
  }

  get any() {
    return this.known.size > 0;
  }

  add(tab) {
    this.known.add(tab);
  }

  /** Have the first tab that answers do it; null when none does. */
  async ask(message) {
    for (const tab of [...this.known]) {
      const answer = await within(this.send(tab, message), this.answerMs);
      if (answer) return answer;
      this.known.delete(tab);
    }
    return null;
  }

  /** Say something to every tab. */
  async tell(message) {
    await Promise.all([...this.known].map((tab) => within(this.send(tab, message), this.helloMs)));
  }

  /** Ask every tab of the browser whether it is one of the cabinet, after this worker was put to sleep and woken. */
  async find() {
    const here = await Promise.all((await this.all()).map(async (tab) => ((await within(this.send(tab, { kind: "here" }), this.helloMs)) ? tab : null)));
    this.known = new Set(here.filter((tab) => tab !== null));
  }
}
