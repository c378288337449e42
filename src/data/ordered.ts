import { nextTurn } from "../process/turn.ts";

/**
 * The results of `make(0)`, `make(1)`, … `make(count - 1)` in that order, made up to `ahead` at a time before
 * they are asked for. An error surfaces where its result would have stood. Leaving early starts nothing more,
 * and what still fails then is dropped.
 */
export async function* ordered<T>(
  count: number,
  ahead: number,
  make: (index: number) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const started: Promise<T>[] = [];
  let next = 0;
  for (let taken = 0; taken < count; taken++) {
    while (next < count && started.length < Math.max(1, ahead)) {
      const index = next++;
      const result = nextTurn().then(() => make(index));
      result.catch(() => {}); // reported when its turn comes
      started.push(result);
    }
    yield await started.shift()!;
  }
}
