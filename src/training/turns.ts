/** Work on one thing that must not overlap: what is asked for waits for what was asked for before. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Whether nothing goes on or waits. */
  get idle(): boolean {
    return this.waiting === 0;
  }

  /** Does `work` when it is its turn; one that fails does not keep the next from its own. */
  take<T>(work: () => T | Promise<T>): Promise<T> {
    this.waiting++;
    const result = this.last.then(work).finally(() => this.waiting--);
    this.last = result.catch(() => undefined);
    return result;
  }
}
