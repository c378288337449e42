/** The results of `make` for each item of a source, each made ready while the one before is in use. */
export class Ahead<S, T> {
  /** Seconds that whoever takes the results has waited for them, all sources together. */
  waitSeconds = 0;

  constructor(private readonly make: (item: S) => Promise<T>) {}

  async *of(source: AsyncGenerator<S>): AsyncGenerator<T, void, undefined> {
    const make = async (): Promise<IteratorResult<T>> => {
      const { done, value } = await source.next();
      return done ? { done, value } : { done: false, value: await this.make(value) };
    };
    const pull = () => {
      const result = make();
      result.catch(() => {}); // thrown where it is asked for, and not while the consumer still works
      return result;
    };
    let next = pull();
    try {
      for (;;) {
        const asked = performance.now();
        const { done, value } = await next;
        this.waitSeconds += (performance.now() - asked) / 1000;
        if (done) return;
        next = pull();
        yield value;
      }
    } finally {
      await next.catch(() => {}); // where the consumer stops early
      await source.return(undefined);
    }
  }
}
