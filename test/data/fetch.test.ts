import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "typebox";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineDataset, type PublishedFile } from "../../src/data/define.ts";
import { fetchDataset, MIRROR } from "../../src/data/fetch.ts";
import { datasetNames, getDataset } from "../../src/data/registry.ts";
import { openHttp } from "../../src/download/http.ts";
import { DataError } from "../../src/errors.ts";
import { vae } from "../support/cli.ts";
import { mnistFiles } from "../support/mnist.ts";

/** Bytes by path, and how the server gives them. */
const files = new Map<string, Buffer>();
let manner = { ranges: true, breaks: 0 };
let asked: string[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const body = files.get(request.url!);
  const { range = "" } = request.headers;
  asked.push(`${request.url} ${range}`.trim());
  if (body === undefined) return void response.writeHead(404).end();
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  const part = manner.ranges && from !== undefined;
  const bytes = part ? body.subarray(Number(from), Number(to) + 1) : body;
  const headers = part ? { "content-range": `bytes ${from}-${to}/${body.length}` } : {};
  response.writeHead(part ? 206 : 200, { "content-length": bytes.length, ...headers });
  if (bytes.length > 1 && manner.breaks > 0) {
    manner.breaks--;
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  } else response.end(bytes);
}

const server = createServer(answer).listen(0, "127.0.0.1");
const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const http = openHttp();
afterAll(async () => {
  await http.destroy();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  manner = { ranges: true, breaks: 0 };
  asked = [];
  files.clear();
});
afterEach(() => void delete process.env[MIRROR]);

const body = Buffer.alloc(100_000, "images");
const sha256 = createHash("sha256").update(body).digest("hex");
const md5 = createHash("md5").update(body).digest("hex");
const newFolder = () => mkdtempSync(join(tmpdir(), "vae-fetch-"));

function setOf(file: Partial<PublishedFile>, terms?: string) {
  const whole = { name: "a.bin", bytes: body.length, sha256, urls: [`${origin()}/a.bin`], ...file };
  return defineDataset({
    name: "made",
    summary: "Made.",
    params: Type.Object({}),
    published: { files: [whole], ...(terms && { terms }) },
    open: () => Promise.reject(new Error("not opened")),
  });
}
const fetching = async (definition: ReturnType<typeof setOf>, folder = newFolder()) => {
  const said: string[] = [];
  const got = await fetchDataset(definition, { folder, http, say: (text) => said.push(text) });
  return { got, said, bytes: readFileSync(join(folder, "a.bin")) };
};

describe("a published file", () => {
  it("is got, checked, and not got again", async () => {
    files.set("/a.bin", body);
    const folder = newFolder();
    const first = await fetching(setOf({}, "For research."), folder);
    expect(first.bytes.equals(body)).toBe(true);
    expect([first.got, first.said[0], first.said[1]]).toEqual([
      1,
      "For research.",
      `a.bin (100.0 kB) from ${new URL(origin()).host}`,
    ]);
    const second = await fetching(setOf({}), folder);
    expect([second.got, second.said]).toEqual([0, ["a.bin is there already."]]);
  });

  it.each([[true], [false]])(
    "arrives whole over a connection that breaks, with ranges %s",
    async (ranges) => {
      files.set("/a.bin", body);
      manner = { ranges, breaks: ranges ? 2 : 0 };
      expect((await fetching(setOf({}))).bytes.equals(body)).toBe(true);
      expect(asked.length).toBeGreaterThan(1);
    },
  );

  it("is taken up where an earlier call was cut off", async () => {
    files.set("/a.bin", body);
    const folder = newFolder();
    writeFileSync(join(folder, "a.bin.part"), body.subarray(0, 60_000));
    expect((await fetching(setOf({}), folder)).bytes.equals(body)).toBe(true);
    expect(asked).toContain("/a.bin bytes=60000-99999");
  });

  it("is checked by its MD5 where no other hash is published", async () => {
    files.set("/a.bin", body);
    const only = setOf({ md5 });
    delete (only.published!.files[0] as { sha256?: string }).sha256;
    expect((await fetching(only)).got).toBe(1);
    files.set("/a.bin", Buffer.alloc(100_000, "others"));
    await expect(fetching(only)).rejects.toThrow(`expected MD5 ${md5}, got`);
  });

  it("that is damaged leaves nothing, and says what to get by hand", async () => {
    files.set("/a.bin", Buffer.alloc(100_000, "damage"));
    const folder = newFolder();
    const error = await fetching(setOf({}), folder).catch((e: Error) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/^made: a\.bin can't be got:\n {2}\S+a\.bin: expected SHA-256/);
    expect((error as Error).message).toContain(
      `Get ${origin()}/a.bin by hand (100000 bytes, SHA-256 ${sha256}) and put it into ${folder}; or name a server that has it in ${MIRROR}, as SERVER/made/a.bin.`,
    );
    expect([existsSync(join(folder, "a.bin")), existsSync(join(folder, "a.bin.part"))]).toEqual([
      false,
      false,
    ]);
  });

  it("comes from a mirror first, and from the next address where one fails", async () => {
    files.set("/mirror/made/a.bin", body);
    process.env[MIRROR] = `${origin()}/none ${origin()}/mirror/`;
    expect((await fetching(setOf({}))).bytes.equals(body)).toBe(true);
    expect(new Set(asked.map((line) => line.split(" ")[0]))).toEqual(
      new Set(["/none/made/a.bin", "/mirror/made/a.bin"]),
    );
  });

  it("wants addresses of mirrors, and shows none of their passwords", async () => {
    process.env[MIRROR] = "junk";
    await expect(fetching(setOf({}))).rejects.toThrow(
      `${MIRROR}: expected the address of a server, http://… or https://…, got "junk".`,
    );
    process.env[MIRROR] = "ftp://me:secret@host";
    await expect(fetching(setOf({}))).rejects.toThrow('got "ftp://host".');
    process.env[MIRROR] = origin().replace("//", "//me:secret@");
    const { message } = await fetching(setOf({ urls: [] })).catch((error) => error);
    expect(message).toContain(`${origin()}/made/a.bin: the server answered 404.`);
    expect(message).not.toContain("secret");
  });

  it("of a folder of the user's that is a file, names no other folder of the cache", async () => {
    files.set("/a.bin", body);
    const file = join(newFolder(), "taken");
    writeFileSync(file, "");
    const { message } = await fetching(setOf({}), file).catch((error) => error);
    expect(message).toMatch(
      /can't be written: a part of its path is a file: choose another folder \(.*\)\.$/,
    );
  });

  it("does not replace another file of its name", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "a.bin"), "mine");
    await expect(fetching(setOf({}), folder)).rejects.toThrow(/got another one of 4 bytes\. Move it away/);
    expect(readFileSync(join(folder, "a.bin"), "utf8")).toBe("mine");
  });
});

it("without a network a sentence says what to get, and where to put it", async () => {
  const cache = newFolder();
  const dead = "http://127.0.0.1:9";
  const env = {
    TFJS_VAE_CACHE: cache,
    HTTP_PROXY: dead,
    HTTPS_PROXY: dead,
    http_proxy: dead,
    https_proxy: dead,
    NO_PROXY: "",
    no_proxy: "",
  };
  const { code, stderr } = await vae(["data", "fetch", "fashion_mnist"], { env });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^fashion_mnist: train-images-idx3-ubyte\.gz can't be got:\n {2}http:\S+: ECONNREFUSED\./,
  );
  expect(stderr).toContain(`and put it into ${join(cache, "data", "fetched", "fashion_mnist")}`);
  expect(stderr).not.toMatch(/ {4}at /);
});

it("of a name that nothing is published of, those are named that there are", async () => {
  const { code, stderr } = await vae(["data", "fetch", "shapes3"], {});
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^vae data fetch: expected one of shapes3d, mnist, .*, got "shapes3"\. Did you mean "shapes3d"\?/,
  );
  expect(stderr).not.toContain("image_folder");
});

it("a fetched data set needs no data_path", async () => {
  const cacheDir = newFolder();
  const folder = join(cacheDir, "fetched", "mnist");
  const { mkdirSync } = await import("node:fs");
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(mnistFiles())) writeFileSync(join(folder, name), bytes);
  const params = { train_batch_size: 1, val_batch_size: 1 } as never;
  const data = await getDataset("mnist")!.open(params, { baseDir: "/", cacheDir, seed: 0 });
  expect(data.splits.test.size).toBe(5);
  await expect(
    getDataset("fashion_mnist")!.open(params, { baseDir: "/", cacheDir, seed: 0 }),
  ).rejects.toThrow(/Or get it: vae data fetch fashion_mnist\./);
});

it("every published file has a hash, a size or both, and an address", () => {
  const all = datasetNames().flatMap((name) => getDataset(name)!.published?.files ?? []);
  expect(all.length).toBeGreaterThan(10);
  for (const { sha256, md5, urls } of all) {
    expect(sha256 ?? md5).toMatch(/^([0-9a-f]{64}|[0-9a-f]{32})$/);
    for (const url of urls) expect(["http:", "https:"]).toContain(new URL(url).protocol);
    expect(urls.length).toBeGreaterThan(0);
  }
});
