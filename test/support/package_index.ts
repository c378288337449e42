import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";
import { pipEnv } from "./wheel_server.ts";

export interface PackageIndex {
  /** What pip needs to look there and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  /** Of each request for a wheel: its name and the range that was asked for, "" where none was. */
  readonly asked: { readonly name: string; readonly range: string }[];
  /** Bytes after which the next answer with a wheel breaks off; then it is 0. */
  breakAfter: number;
}

/** A package index of wheels by file name on 127.0.0.1, closed after the tests of the file. */
export async function packageIndex(wheels: Readonly<Record<string, Buffer>>): Promise<PackageIndex> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const { range = "" } = request.headers;
    const named = /^\/files\/(.+\.whl)$/.exec(path)?.[1];
    const file = named && wheels[named];
    if (named !== undefined && file) {
      state.asked.push({ name: named, range });
      const [, from = 0, to = file.length - 1] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
      const body = file.subarray(Number(from), Number(to) + 1);
      response.writeHead(range === "" ? 200 : 206, {
        "content-length": body.length,
        ...(range !== "" && { "content-range": `bytes ${from}-${to}/${file.length}` }),
      });
      if (state.breakAfter > 0 && body.length > state.breakAfter) {
        response.write(body.subarray(0, state.breakAfter), () => response.destroy());
        state.breakAfter = 0;
      } else response.end(body);
      return;
    }
    const [, name, version] = /^\/files\/([^-]+)-([^-]+)-.+\.whl\.metadata$/.exec(path) ?? [];
    if (name !== undefined)
      return void response.end(`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
    const project = /^\/simple\/([^/]+)\/$/.exec(path)?.[1]?.replaceAll("-", "_");
    const names = Object.keys(wheels).filter((name) => name.split("-")[0] === project);
    if (names.length === 0) return void response.writeHead(404).end();
    response.setHeader("content-type", "text/html");
    const links = names.map((name) => {
      const hash = createHash("sha256").update(wheels[name]!).digest("hex");
      return `<a href="/files/${name}#sha256=${hash}" data-core-metadata="true" data-dist-info-metadata="true">${name}</a>`;
    });
    response.end(`<!DOCTYPE html>${links.join("\n")}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const state: PackageIndex = {
    env: pipEnv(`http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`),
    asked: [],
    breakAfter: 0,
  };
  return state;
}
