import { styleText } from "node:util";

/** Time between two states of the line on a terminal, in milliseconds. */
const IN_PLACE_EVERY = 200;
const CLEAR = "\r\x1b[K";

/** How far something is, as one line: written over in place on a terminal, elsewhere a line now and then. */
export class LiveLine {
  private text = () => "";
  private isShown = false;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param every time between two lines elsewhere, in milliseconds
   * @param last when something was said last, in milliseconds since 1970
   */
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly every: number,
    private last = 0,
  ) {}

  /** Says `text` where it is time; on a terminal the newest follows by itself. */
  show(text: () => string): void {
    this.text = text;
    const wait = this.last + (this.out.isTTY ? IN_PLACE_EVERY : this.every) - Date.now();
    if (wait <= 0) this.write();
    else if (this.out.isTTY) this.timer ??= setTimeout(() => this.write(), wait).unref();
  }

  /** A line of its own, above what is shown. */
  message(text: string): void {
    this.out.write(`${this.isShown ? CLEAR : ""}${text}\n`);
    if (this.isShown) this.write();
  }

  /** Takes the line away. */
  clear(): void {
    this.stop();
    if (this.isShown) this.out.write(CLEAR);
    this.isShown = false;
  }

  /** Leaves `text` in its place; what is shown next is said at once. */
  end(text: string): void {
    this.clear();
    this.last = 0;
    this.out.write(`${text}\n`);
  }

  private write(): void {
    this.stop();
    this.last = Date.now();
    this.isShown = Boolean(this.out.isTTY);
    this.out.write(this.isShown ? CLEAR + this.text() : `${this.text()}\n`);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/** A bar of `cells` columns, of which `share` (0 to 1) is full; in colours where `stream` has them. */
export function barText(share: number, cells: number, stream: NodeJS.WriteStream): string {
  const full = Math.round(share * cells);
  return (
    styleText("cyan", "█".repeat(full), { stream }) + styleText("dim", "░".repeat(cells - full), { stream })
  );
}
