import { SingleBar } from "cli-progress";
import type { OnProgress } from "../download/unpack.ts";
import { bytesText } from "../text/numbers.ts";

/** Time between two plain lines, in milliseconds. */
const LINE_EVERY = 2_000;

/** How far a download is: a bar on a terminal, a line every two seconds elsewhere. */
export class DownloadProgress {
  private readonly bar: SingleBar | undefined;
  private lastLine = Date.now();

  constructor(private readonly out: NodeJS.WriteStream = process.stdout) {
    if (!out.isTTY) return;
    const format = "{bar} {percentage} % of {size}, {eta_formatted} left";
    this.bar = new SingleBar({
      stream: out,
      hideCursor: true,
      fps: 5,
      barsize: 30,
      format,
      clearOnComplete: true,
    });
  }

  readonly show: OnProgress = ({ done, total }) => {
    if (this.bar !== undefined) {
      if (!this.bar.isActive) this.bar.start(total, done, { size: bytesText(total) });
      else this.bar.update(done);
      return;
    }
    if (Date.now() - this.lastLine < LINE_EVERY) return;
    this.lastLine = Date.now();
    this.out.write(`${bytesText(done)} of ${bytesText(total)}\n`);
  };

  /** A line for the user. */
  message(text: string): void {
    this.close();
    this.out.write(`${text}\n`);
  }

  /** Takes the bar away. */
  close(): void {
    if (this.bar?.isActive) this.bar.stop();
  }
}
