import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll } from "vitest";
import { TENSORFLOW_VERSION } from "../../src/backends/tensorflow/library.ts";
import { platformOf } from "../../src/setup/platform.ts";
import { metadata, WHEEL_NAME } from "./wheel.ts";

/** How a server behaves; changed while it runs, it behaves otherwise from then on. */
export interface Manner {
  /** Give parts of the file; else always the whole. */
  ranges: boolean;
  /** Answers of more than 1 kB that break off in their middle, from the next on. */
  breaks: number;
  /** Statuses of the next answers, before any that is right. */
  statuses: number[];
  /** Milliseconds between pieces of 16 kB. */
  pause: number;
  /** Called when a piece was sent that is not the answer's last. */
  sent: () => void;
  /** SHA-256 that the index states. */
  sha256: string;
}

export interface WheelServer extends Manner {
  /** Its package index, as pip takes it. */
  readonly index: string;
  /** The wheel's own URL. */
  readonly url: string;
  /** The file; another may be put in its place. */
  file: Buffer;
  /** Range headers of the requests for the wheel, "" where there was none. */
  readonly asked: string[];
  /** Headers of the last request for the wheel. */
  lastHeaders: IncomingMessage["headers"];
  /** What pip needs to look there and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
}

const PIECE = 16_384;

/** A package index with one wheel on 127.0.0.1, closed after the tests of the file. */
export async function wheelServer(file: Buffer, manner: Partial<Manner> = {}): Promise<WheelServer> {
  const server = createServer((request, response) => {
    answer(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const index = `${origin}/simple`;
  const state: WheelServer = {
    ranges: true,
    breaks: 0,
    statuses: [],
    pause: 0,
    sent: () => {},
    sha256: createHash("sha256").update(file).digest("hex"),
    ...manner,
    index,
    url: `${origin}/files/${WHEEL_NAME}`,
    file,
    asked: [],
    lastHeaders: {},
    env: pipEnv(index),
  };
  return state;
}

/** Makes pip look at this index alone, once. */
export function pipEnv(index: string): Record<string, string> {
  return {
    PIP_INDEX_URL: index,
    PIP_EXTRA_INDEX_URL: "",
    PIP_FIND_LINKS: "",
    PIP_NO_INDEX: "",
    PIP_CONFIG_FILE: "/dev/null",
    PIP_NO_CACHE_DIR: "1",
    PIP_RETRIES: "1",
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  };
}

async function answer(server: WheelServer, request: IncomingMessage, response: ServerResponse) {
  const path = request.url ?? "";
  if (path === `/simple/${platformOf().package}/`) {
    const link = `/files/${WHEEL_NAME}#sha256=${server.sha256}`;
    response.setHeader("content-type", "text/html");
    response.end(
      `<!DOCTYPE html><a href="${link}" data-dist-info-metadata="true" data-core-metadata="true">${WHEEL_NAME}</a>`,
    );
  } else if (path === `/files/${WHEEL_NAME}.metadata`) {
    response.end(metadata(TENSORFLOW_VERSION));
  } else if (path === "/moved") {
    response.writeHead(302, { location: server.url }).end();
  } else if (path === `/files/${WHEEL_NAME}`) {
    await sendWheel(server, request, response);
  } else response.writeHead(404).end();
}

async function sendWheel(server: WheelServer, request: IncomingMessage, response: ServerResponse) {
  const { range = "" } = request.headers;
  server.asked.push(range);
  server.lastHeaders = request.headers;
  const status = server.statuses.shift();
  if (status !== undefined) return response.writeHead(status).end("not now");
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  const part = server.ranges && from !== undefined;
  const body = part ? server.file.subarray(Number(from), Number(to) + 1) : server.file;
  const extra = part ? { "content-range": `bytes ${from}-${to}/${server.file.length}` } : {};
  response.writeHead(part ? 206 : 200, { "content-length": body.length, ...extra });
  const breaks = body.length > 1024 && server.breaks > 0;
  if (breaks) server.breaks--;
  const end = breaks ? Math.floor(body.length / 2) : body.length;
  for (let at = 0; at < end && !response.destroyed; at += PIECE) {
    await new Promise((resolve) => response.write(body.subarray(at, Math.min(end, at + PIECE)), resolve));
    if (at + PIECE < end) server.sent();
    if (server.pause > 0) await sleep(server.pause);
  }
  if (breaks) response.destroy();
  else response.end();
}
