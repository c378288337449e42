import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "undici";

/** The path of a Firefox: what FIREFOX_PATH names, or Debian's; undefined where there is none. */
export const firefoxPath = (): string | undefined =>
  [process.env.FIREFOX_PATH, "/usr/bin/firefox-esr", "/usr/bin/firefox"].find(
    (path) => path !== undefined && path !== "" && existsSync(path),
  );

export interface FirefoxPage {
  goto(url: string): Promise<void>;
  /** The value of an expression, which may be a promise, as JSON has it. */
  evaluate(expression: string): Promise<unknown>;
  /** What the page has written to its console, and errors that it has not caught. */
  readonly said: readonly { readonly level: string; readonly text: string }[];
  close(): Promise<void>;
}

/**
 * A page in a stock Firefox without a window, spoken to by WebDriver BiDi (https://w3c.github.io/webdriver-bidi): Playwright
 * drives a Firefox of its own alone.
 */
export async function openFirefox(path: string): Promise<FirefoxPage> {
  const profile = mkdtempSync(join(tmpdir(), "tfjs-vae-firefox-"));
  const args = [
    "--headless",
    "--no-remote",
    "--profile",
    profile,
    "--remote-debugging-port",
    "0",
    "about:blank",
  ];
  const browser = spawn(path, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile },
  });
  const ended = new Promise<void>((resolve) => browser.on("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let text = "";
    browser.stderr.on("data", (part: Buffer) => {
      text += part;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`Firefox ended: ${text}`)));
  });
  const socket = new WebSocket(`${address}/session`);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  const said: { level: string; text: string }[] = [];
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Answer;
    if (message.method === "log.entryAdded") said.push(message.params!);
    else waiting.get(message.id)?.(message);
  });
  let last = 0;
  const send = async (method: string, params: object): Promise<Record<string, unknown>> => {
    const id = ++last;
    const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { type, result, message } = await answer;
    if (type !== "success") throw new Error(`${method}: ${message}`);
    return result!;
  };
  await send("session.new", { capabilities: {} });
  await send("session.subscribe", { events: ["log.entryAdded"] });
  const { contexts } = (await send("browsingContext.getTree", {})) as { contexts: { context: string }[] };
  const { context } = contexts[0]!;
  return {
    said,
    goto: async (url) => void (await send("browsingContext.navigate", { context, url, wait: "complete" })),
    async evaluate(expression) {
      const whole = `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`;
      const { result, exceptionDetails } = (await send("script.evaluate", {
        expression: whole,
        target: { context },
        awaitPromise: true,
      })) as { result?: { value?: string }; exceptionDetails?: { text: string } };
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
      return result?.value === undefined ? undefined : JSON.parse(result.value);
    },
    async close() {
      socket.close();
      browser.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

interface Answer {
  readonly id: number;
  readonly type: string;
  readonly method?: string;
  readonly params?: { readonly level: string; readonly text: string };
  readonly result?: Record<string, unknown>;
  readonly message?: string;
}
