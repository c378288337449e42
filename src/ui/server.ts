import { randomBytes } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError, UserError } from "../errors.ts";
import { isFolder } from "../files/is_folder.ts";
import { Refusal, send, writeHead } from "./answer.ts";
import { Guard, isLoopback } from "./guard.ts";
import { pageFiles } from "./page_files.ts";
import { type Route, routesOf } from "./routes.ts";
import { RunIndex } from "./run_index.ts";
import { Watch } from "./watch.ts";

export interface UiOptions {
  /** Folder of runs, or a run. */
  readonly folder: string;
  /** Folder of the built page. */
  readonly page: string;
  /** To listen at. */
  readonly host: string;
  /** undefined: `DEFAULT_PORT`, and where that is taken a free one. */
  readonly port: number | undefined;
}

export interface Ui {
  /** What to open, with the token where one is needed. */
  readonly url: string;
  /** Whether other machines may come. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** The one that is tried first, so that an address that was kept leads here again. */
const DEFAULT_PORT = 6180;

/**
 * Serves the page of a folder's runs until it is closed. It reads and never writes; whoever comes from beyond this machine
 * needs the token of the address.
 *
 * @throws ConfigError where the folder is missing, UserError where nothing can listen there
 */
export async function startUi({ folder, page, host, port }: UiOptions): Promise<Ui> {
  if (!isFolder(folder))
    throw new ConfigError(
      `vae ui: expected a folder of runs, got "${folder}", which is none (the current folder is ${process.cwd()}). vae run makes runs in logs/.`,
    );
  const index = new RunIndex(await realpath(folder));
  const token = isLoopback(host) ? undefined : randomBytes(16).toString("hex");
  const guard = new Guard(host, token);
  const watch = new Watch(index);
  const [files, routes] = [await pageFiles(page), routesOf(index)];
  const server = createServer((request, response) => {
    answer(request, response, { guard, watch, find: (path) => routes[path] ?? files.get(path) }).catch(
      (error) => fail(response, error),
    );
  });
  server.headersTimeout = 10_000;
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  const named = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return {
    isOpen: token !== undefined,
    url: `http://${named}:${taken}/${token === undefined ? "" : `?token=${token}`}`,
    async close() {
      watch.end();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Parts {
  readonly guard: Guard;
  readonly watch: Watch;
  readonly find: (path: string) => Route | undefined;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { guard, watch, find }: Parts,
): Promise<void> {
  const head = request.method === "HEAD";
  const url = addressOf(request);
  const goOn = guard.check(request, url);
  if (goOn !== undefined) {
    writeHead(response, 303, goOn);
    response.end();
    return;
  }
  if (url.pathname === "/api/events") {
    if (head) return send(response, { status: 200, type: "text/event-stream", body: "" }, head);
    if (!watch.hasRoom) throw new Refusal(503, "Too many pages are open.");
    return watch.add(request, response);
  }
  const route = find(url.pathname);
  if (route === undefined) throw new Refusal(404, `There is nothing at ${url.pathname}.`);
  send(response, await route(url.searchParams), head);
}

/** @throws Refusal of one that is none */
function addressOf({ url = "" }: IncomingMessage): URL {
  const parsed = url.startsWith("/") ? URL.parse(`http://host${url}`) : null;
  if (parsed === null) throw new Refusal(400, "Expected an address that begins with /.");
  return parsed;
}

function fail(response: ServerResponse, error: unknown): void {
  const refusal =
    error instanceof Refusal ? error : new Refusal(500, "Something went wrong: see vae ui's output.");
  if (refusal !== error) console.error(error);
  if (response.headersSent) response.destroy();
  else send(response, refusal.answer, false);
}

/** Listens at `port`; where none is asked for at the usual one, or a free one. @throws UserError */
async function listen(server: Server, host: string, port: number | undefined): Promise<void> {
  const tries = port === undefined ? [DEFAULT_PORT, 0] : [port];
  for (const [i, at] of tries.entries()) {
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once("error", resolve);
      server.listen(at, host, () => {
        server.off("error", resolve);
        resolve(undefined);
      });
    });
    if (error === undefined) return;
    if (i < tries.length - 1 && ["EADDRINUSE", "EACCES"].includes(error.code ?? "")) continue;
    throw new UserError(problem(error, host, at), { cause: error });
  }
}

function problem({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === "EADDRINUSE")
    return `--port: expected a free port, got ${port}, where another program listens. Choose another one, or leave it out.`;
  if (code === "EACCES")
    return `--port: expected one that you may listen at, got ${port}. Choose one above 1023, or leave it out.`;
  return `--host: expected an address of this machine, got "${host}" (${message}).`;
}
