import type { OnProgress } from "../download/unpack.ts";
import { barText, LiveLine } from "../text/live_line.ts";
import { bytesText, duration } from "../text/numbers.ts";
import { LINE_EVERY } from "../text/progress.ts";

export { progressTo } from "../text/progress.ts";

/** Columns of a download's bar at most, and those of the text beside it. */
const BAR = 30;
const TEXT = 40;

/** Says how far a download is: a bar on a terminal, a line every two seconds elsewhere. */
export class DownloadProgress {
  private readonly line: LiveLine;
  private began: { readonly at: number; readonly done: number } | undefined;

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {
    this.line = new LiveLine(out, LINE_EVERY, out.isTTY ? 0 : Date.now());
  }

  readonly show: OnProgress = ({ done, total }) => {
    this.began ??= { at: Date.now(), done };
    const { at, done: before } = this.began;
    this.line.show(() => {
      if (!this.out.isTTY) return `${bytesText(done)} of ${bytesText(total)}`;
      const share = total === 0 ? 1 : done / total;
      const left = ((Date.now() - at) / 1000 / (done - before)) * (total - done);
      const bar = barText(share, Math.min(BAR, Math.max(0, (this.out.columns || 80) - TEXT)), this.out);
      return `${bar} ${Math.floor(share * 100)} % of ${bytesText(total)}, ${duration(left)} left`;
    });
  };

  /** A line for the user. */
  message(text: string): void {
    this.close();
    this.line.message(text);
  }

  /** Takes the bar away. */
  close(): void {
    this.line.clear();
    this.began = undefined;
  }
}
