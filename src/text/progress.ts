import { LiveLine } from "./live_line.ts";
import { duration } from "./numbers.ts";

/** Time between two lines where there is no terminal, in milliseconds. */
export const LINE_EVERY = 2_000;
/** From here on the time left is said, in milliseconds: before, it is a guess. */
const KNOWN_AFTER = 5_000;

/** Says how far a listing or a data cache is, and how long it still takes. */
export function progressTo(out: NodeJS.WriteStream): (what: string, done: number, total: number) => void {
  const line = new LiveLine(out, LINE_EVERY);
  let began: { readonly what: string; readonly at: number; readonly done: number } | undefined;
  return (what, done, total) => {
    if (began?.what !== what) began = { what, at: Date.now(), done };
    const text = Number.isFinite(total) ? `${what}: ${done} of ${total}` : `${what}: ${done} so far`;
    if (done >= total) {
      began = undefined;
      line.end(text);
      return;
    }
    const { at, done: before } = began;
    line.show(() => {
      const passed = Date.now() - at;
      if (!Number.isFinite(total) || passed < KNOWN_AFTER || done === before) return text;
      return `${text}, ${duration(((total - done) / (done - before)) * (passed / 1000))} left`;
    });
  };
}
