/** Says how far a listing or a data cache is: in place on a terminal, else a line every two seconds. */
export function progressTo(out: NodeJS.WriteStream): (what: string, done: number, total: number) => void {
  let lastSaid = 0;
  return (what, done, total) => {
    const now = Date.now();
    const ended = done >= total;
    if (now - lastSaid < (out.isTTY ? 100 : 2000) && !(ended && lastSaid > 0)) return;
    lastSaid = ended ? 0 : now;
    const text = Number.isFinite(total) ? `${what}: ${done} of ${total}` : `${what}: ${done} so far`;
    out.write(out.isTTY ? `\r\x1b[K${text}${ended ? "\n" : ""}` : `${text}\n`);
  };
}
