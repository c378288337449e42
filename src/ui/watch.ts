import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { writeHead } from "./answer.ts";
import type { RunInfo, ServerEvents } from "./api.ts";
import type { RunIndex } from "./run_index.ts";

/** Looked at so often, in milliseconds: the runs that are being trained, and all, and the folders for new ones, if that is quick. */
const OFTEN = 1000;
/** Looks at all may take this share of the time: where there are many, or over a slow network drive, they come less often. */
const SHARE = 0.05;
/** Bytes that may wait for a page to take them. */
const MOST_WAITING = 8 << 20;
/** So many pages at once; each has one stream. */
const MOST = 64;

/**
 * Server-sent events of what changes in the folder, for all pages from one watcher, which looks only while a page is open.
 * It compares sizes and times of files, as network drives have no other way to tell.
 */
export class Watch {
  private readonly pages = new Set<ServerResponse>();
  /** The runs as the pages were told of them. */
  private told: ReadonlyMap<string, RunInfo> = new Map();
  private running = false;
  private ended = false;

  constructor(private readonly index: RunIndex) {}

  /** Whether one more page can be served. */
  get hasRoom(): boolean {
    return this.pages.size < MOST;
  }

  /** Answers a request with the stream. */
  add(request: IncomingMessage, response: ServerResponse): void {
    writeHead(response, 200, { "Content-Type": "text/event-stream; charset=utf-8" });
    response.write("retry: 2000\n\n");
    if (this.pages.size === 0) this.told = this.index.byId; // the page gets the list by itself
    this.pages.add(response);
    request.socket.setNoDelay(true);
    response.on("close", () => this.pages.delete(response));
    void this.look();
  }

  end(): void {
    this.ended = true;
    for (const page of this.pages) page.end();
  }

  private async look(): Promise<void> {
    if (this.running) return;
    this.running = true;
    let allAt = 0;
    while (this.pages.size > 0 && !this.ended) {
      const began = performance.now();
      const all = began >= allAt;
      await this.turn(all).catch(() => {}); // a drive that is away may come back
      const ended = performance.now();
      if (all) allAt = ended + (ended - began) / SHARE;
      await sleep(OFTEN, undefined, { ref: false });
    }
    this.running = false;
  }

  private async turn(all: boolean): Promise<void> {
    if (all) await this.index.search();
    await this.index.refresh((info) => all || info?.status === "running");
    await this.index.readOn();
    const now = this.index.byId;
    const ids = [...this.told.keys()].filter((id) => !now.has(id));
    const runs = [...now.values()].filter((info) => this.told.get(info.id) !== info);
    this.told = now;
    if (ids.length > 0) this.tell("removed", { ids });
    if (runs.length > 0) this.tell("changed", { runs, better: await this.index.better(runs) });
    else if (all) this.write(": still here\n\n"); // finds out who has gone
  }

  private tell<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): void {
    this.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private write(text: string): void {
    for (const page of this.pages) {
      if (page.writableLength > MOST_WAITING)
        page.destroy(); // it sleeps; awake again it connects anew and asks for all
      else page.write(text);
    }
  }
}
