import { LiveLine } from "./live_line.ts";

/** Time between two lines where there is no terminal, in milliseconds. */
export const LINE_EVERY = 2_000;

/** Says how far a listing or a data cache is. */
export function progressTo(out: NodeJS.WriteStream): (what: string, done: number, total: number) => void {
  const line = new LiveLine(out, LINE_EVERY);
  return (what, done, total) => {
    const text = Number.isFinite(total) ? `${what}: ${done} of ${total}` : `${what}: ${done} so far`;
    if (done >= total) line.end(text);
    else line.show(() => text);
  };
}
