import { type IncomingHttpHeaders, request } from "node:http";
import { afterAll } from "vitest";
import { pageFolder } from "../../src/ui/page_folder.ts";
import { startUi, type Ui } from "../../src/ui/server.ts";

/** The server of a folder, until the tests of the file are done. */
export async function serve(folder: string, host = "127.0.0.1"): Promise<Ui> {
  const page = await pageFolder(() => {});
  const ui = await startUi({ folder, page, host, port: 0 });
  afterAll(() => ui.close());
  return ui;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** As `fetch`, with the path and the headers exactly as given. */
export function ask(
  ui: Ui,
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const { hostname, port } = new URL(ui.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

export async function getJson<T>(ui: Ui, path: string): Promise<T> {
  const { status, text } = await ask(ui, path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

export interface Stream {
  /** The next event of this name for which `fits` holds, of those since the last one. */
  next<T>(name: string, fits?: (data: T) => boolean): Promise<T>;
  close(): void;
}

/** The server's stream of events. */
export function openStream(ui: Ui): Promise<Stream> {
  const { hostname, port } = new URL(ui.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path: "/api/events" }, (response) => {
      const events: { name: string; data: unknown }[] = [];
      let text = "";
      let look = () => {};
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        const whole = text.split("\n\n");
        text = whole.pop()!;
        for (const event of whole) {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
          if (name !== undefined) events.push({ name, data: JSON.parse(data!) });
        }
        look();
      });
      response.on("error", () => {}); // it is closed
      resolve({
        next: <T>(name: string, fits: (data: T) => boolean = () => true) =>
          new Promise<T>((found) => {
            look = () => {
              const at = events.findIndex((event) => event.name === name && fits(event.data as T));
              if (at < 0) return;
              look = () => {};
              const { data } = events.splice(0, at + 1).at(-1)!;
              found(data as T);
            };
            look();
          }),
        close: () => sent.destroy(),
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
