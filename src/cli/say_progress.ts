/** Says how far a data cache is: in place on a terminal, else a line every two seconds. */
export function progressTo(out: NodeJS.WriteStream): (what: string, done: number, total: number) => void {
  let lastSaid = 0;
  return (what, done, total) => {
    const now = Date.now();
    const ended = done >= total;
    if (now - lastSaid < (out.isTTY ? 100 : 2000) && !(ended && lastSaid > 0)) return;
    lastSaid = ended ? 0 : now;
    const text = `${what}: ${done} of ${total}`;
    out.write(out.isTTY ? `\r\x1b[K${text}${ended ? "\n" : ""}` : `${text}\n`);
  };
}
