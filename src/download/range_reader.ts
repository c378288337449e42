import { Readable } from "node:stream";
import { buffer as collect } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import yauzl from "yauzl";
import { splitCredentials } from "./http.ts";

/** Attempts in a row that bring no byte, after which a download is given up. */
const ATTEMPTS = 4;
/** Before the second attempt, in milliseconds; doubled each time. */
const FIRST_WAIT = 250;

/** Bytes asked for at once where few are wanted: a zip's list of members is read in steps of some dozens. */
const AHEAD = 1 << 20;

/** A server that gives no ranges, or another file than before: asking again does not help. */
export class RangeRefused extends Error {}

/** A file on a server, read by HTTP Range; a connection that breaks is taken up where it broke. */
export class RangeReader extends yauzl.RandomAccessReader {
  private readonly url: string;
  private readonly headers: Record<string, string>;
  private size: number | undefined;
  /** What was read last, and where. */
  private window = { start: 0, bytes: Buffer.alloc(0) };

  constructor(
    url: string,
    private readonly http: Dispatcher,
    private readonly signal: AbortSignal | undefined,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super();
    const { url: plain, headers: credentials } = splitCredentials(url);
    this.url = plain;
    this.headers = { ...credentials, ...headers };
  }

  /** Size of the file in bytes. @throws RangeRefused, or the error of the connection */
  async open(): Promise<number> {
    for await (const _ of this.bytes(0, 1));
    return this.size!;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.bytes(start, end), { objectMode: false });
  }

  override read(
    into: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.readAhead(position, length)
      .then((bytes) => void bytes.copy(into, offset))
      .then(() => callback(null), callback);
  }

  private async readAhead(position: number, length: number): Promise<Buffer> {
    const { start, bytes } = this.window;
    if (position < start || position + length > start + bytes.length) {
      const end = Math.min(position + Math.max(length, AHEAD), this.size!);
      this.window = { start: position, bytes: await collect(this._readStreamForRange(position, end)) };
    }
    const from = position - this.window.start;
    return this.window.bytes.subarray(from, from + length);
  }

  private async *bytes(start: number, end: number): AsyncGenerator<Buffer> {
    let at = start;
    for (let failures = 0; at < end; ) {
      try {
        for await (const chunk of await this.ask(at, end)) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
        if (at < end) throw new Error(`the server ended early, at byte ${at} of ${end}`);
      } catch (error) {
        if (error instanceof RangeRefused || this.signal?.aborted || ++failures === ATTEMPTS) throw error;
        await sleep(FIRST_WAIT * 2 ** (failures - 1), undefined, this.signal && { signal: this.signal });
      }
    }
  }

  private async ask(start: number, end: number): Promise<AsyncIterable<Buffer>> {
    const { statusCode, headers, body } = await request(this.url, {
      dispatcher: this.http,
      signal: this.signal ?? null,
      headers: { ...this.headers, range: `bytes=${start}-${end - 1}`, "accept-encoding": "identity" },
    });
    const refuse = (why: string): RangeRefused => {
      body.on("error", () => {}).destroy(); // it may be the whole file
      return new RangeRefused(why);
    };
    if (statusCode >= 500 || statusCode === 429) {
      await body.dump();
      throw new Error(`the server answered ${statusCode}`);
    }
    if (statusCode !== 206) throw refuse(`the server answered ${statusCode} to a request for a range`);
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers["content-range"]));
    const size = Number(range?.[3]);
    if (Number(range?.[1]) !== start || Number(range?.[2]) !== end - 1 || size !== (this.size ?? size))
      throw refuse(`the server gave another range: ${headers["content-range"]}`);
    this.size = size;
    return body;
  }
}
