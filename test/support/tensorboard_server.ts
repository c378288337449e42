import { spawn } from "node:child_process";
import { tensorboardPython } from "./tensorboard.ts";

export interface TensorBoardServer {
  /** The JSON at a plugin's route, such as `scalars/tags`. */
  json(route: string, body?: object): Promise<unknown>;
  bytes(route: string): Promise<Buffer>;
  /** Ends it; resolves when it is gone. */
  close(): Promise<void>;
}

/** The real TensorBoard on a folder of runs; the caller closes it. */
export async function tensorboardServer(logdir: string): Promise<TensorBoardServer> {
  const args = ["-m", "tensorboard.main", "--logdir", logdir, "--host", "127.0.0.1", "--port", "0"];
  const child = spawn(tensorboardPython(), args, { stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /TensorBoard [\d.]+ at (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (found) resolve(found[1]!);
    });
    child.on("close", () => reject(new Error(`tensorboard ended: ${said}`)));
  });
  const get = async (route: string, body?: object) => {
    const headers = { "content-type": "application/json" }; // else the body is taken for a form
    const post = body && { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${address}/data/plugin/${route}`, post);
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    json: async (route, body) => (await get(route, body)).json(),
    close: () => {
      child.kill();
      return gone;
    },
    bytes: async (route) => Buffer.from(await (await get(route)).arrayBuffer()),
  };
}
