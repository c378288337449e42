/** Work of which any number is under way at once, but for what has to be alone. */
export class Together {
  private readonly underWay = new Set<Promise<unknown>>();
  /** Ends with the last of what is alone. */
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Beside other work, as soon as nothing wants to be alone. */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    while (this.waiting > 0) await this.last;
    const begun = work();
    this.underWay.add(begun);
    try {
      return await begun;
    } finally {
      this.underWay.delete(begun);
    }
  }

  /** When all that is under way has ended; what comes after it waits. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    this.waiting++;
    const turn = this.last.then(async () => {
      await Promise.allSettled(this.underWay);
      return work();
    });
    this.last = turn.then(
      () => void this.waiting--,
      () => void this.waiting--,
    );
    return turn;
  }
}
