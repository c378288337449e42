import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeProblem } from "../../files/atomic_file.ts";
import { RowFile } from "../row_file.ts";
import type { MlflowRecord } from "./records.ts";

/** What of the outbox the server has, and as which run. */
export interface Sent {
  readonly tracking_uri: string;
  readonly experiment_id: string;
  readonly run_id: string;
  /** Where it keeps artifacts. */
  readonly artifact_uri: string;
  /** Lines of the outbox that it has. */
  readonly lines: number;
}

const LINES = "outbox.jsonl";
const SENT = "sent.json";

/**
 * What is to be sent, a line each in `FOLDER/outbox.jsonl`, with the files of artifacts beside it, so that neither a server
 * that is down nor the end of this process loses anything. Lines stay when they are sent: a server that has lost the run
 * gets them all again.
 */
export class Outbox {
  private readonly file: RowFile;

  private constructor(
    private readonly folder: string,
    private readonly lines: string[],
    private state: Sent | undefined,
  ) {
    this.file = new RowFile(join(folder, LINES), () => this.lines.map((line) => `${line}\n`).join(""));
  }

  /**
   * The outbox in `folder`, made where it is missing. Lines that are not sent stay only where `isKept` says so.
   *
   * @throws UserError where the folder can't be written
   */
  static open(folder: string, isKept: (record: MlflowRecord) => boolean): Outbox {
    make(folder);
    const file = join(folder, LINES);
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(isWhole) : [];
    const state = sentIn(join(folder, SENT));
    const sent = Math.min(state?.lines ?? 0, lines.length);
    const kept = lines.filter((line, i) => i < sent || isKept(JSON.parse(line)));
    const outbox = new Outbox(folder, kept, state && { ...state, lines: sent });
    if (existsSync(file)) outbox.rewrite();
    return outbox;
  }

  get sent(): Sent | undefined {
    return this.state;
  }

  /** Lines that wait. */
  get waiting(): number {
    return this.lines.length - (this.state?.lines ?? 0);
  }

  /** Whether nothing was ever put into it. */
  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** The status that was put into it last. */
  get status(): string | undefined {
    const line = this.lines.findLast((text) => text.startsWith('{"kind":"status"'));
    return line && JSON.parse(line).status;
  }

  /** Records from the first that waits on, `count` at most. */
  next(count: number): MlflowRecord[] {
    const from = this.state?.lines ?? 0;
    return this.lines.slice(from, from + count).map((line) => JSON.parse(line));
  }

  /** All that was sent. */
  past(): MlflowRecord[] {
    return this.lines.slice(0, this.state?.lines ?? 0).map((line) => JSON.parse(line));
  }

  /** @throws UserError where the disk is full; it is sent all the same, by this process */
  add(record: MlflowRecord): void {
    const line = JSON.stringify(record);
    this.lines.push(line);
    this.file.append(`${line}\n`);
  }

  /** Puts a file of an artifact beside the lines. */
  addFile(name: string, bytes: Uint8Array): void {
    try {
      writeFileSync(join(this.folder, name), bytes);
    } catch (error) {
      throw writeProblem(this.folder, error);
    }
  }

  /** The bytes of such a file; undefined: it was sent, or is gone. */
  readFile(name: string): Buffer | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  dropFile(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  /** The server's run, to which all lines are still to be sent; undefined: none. */
  begin(run: Omit<Sent, "lines"> | undefined): void {
    this.remember(run && { ...run, lines: 0 });
  }

  /** The next `count` lines are sent. */
  done(count: number): void {
    this.remember({ ...this.state!, lines: this.state!.lines + count });
  }

  /** Writes all anew, as what is there may be gone or lack lines. */
  rewrite(): void {
    make(this.folder);
    this.file.rewrite();
    this.remember(this.state);
  }

  /** Puts the lines on the disk. */
  sync(): void {
    if (!existsSync(this.file.path)) this.rewrite();
    this.file.flush();
  }

  private remember(state: Sent | undefined): void {
    this.state = state;
    const file = join(this.folder, SENT);
    try {
      if (state === undefined) rmSync(file, { force: true });
      else writeFileSync(file, `${JSON.stringify(state, null, 2)}\n`);
    } catch {} // then lines are sent twice, which the server takes for once
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeProblem(folder, error);
  }
}

function isWhole(line: string): boolean {
  try {
    return typeof JSON.parse(line).kind === "string";
  } catch {
    return false; // empty, or cut short by a crash
  }
}

function sentIn(file: string): Sent | undefined {
  try {
    const sent = JSON.parse(readFileSync(file, "utf8")) as Sent;
    return typeof sent.run_id === "string" && Number.isInteger(sent.lines) ? sent : undefined;
  } catch {
    return undefined;
  }
}
