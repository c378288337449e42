import { buffer } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { openHttp } from "../../src/download/http.ts";
import { RangeReader, RangeRefused } from "../../src/download/range_reader.ts";
import { failure } from "../support/data.ts";
import { noise } from "../support/wheel.ts";
import { type Manner, wheelServer } from "../support/wheel_server.ts";

process.env.NO_PROXY = "127.0.0.1";
const http = openHttp();
afterAll(() => http.destroy());

const file = noise(300_000);
async function reader(manner: Partial<Manner> = {}, url = (u: string) => u, signal?: AbortSignal) {
  const server = await wheelServer(file, manner);
  return { server, reader: new RangeReader(url(server.url), http, signal) };
}
const bytes = (r: RangeReader, start: number, end: number) => buffer(r._readStreamForRange(start, end));
const read = (r: RangeReader, length: number, position: number) =>
  new Promise<Buffer>((resolve, reject) => {
    const into = Buffer.alloc(length);
    r.read(into, 0, length, position, (error) => (error ? reject(error) : resolve(into)));
  });

test("a part of a file has the bytes of that place", async () => {
  const { reader: r } = await reader();
  expect(await r.open()).toBe(file.length);
  expect((await bytes(r, 1000, 250_000)).equals(file.subarray(1000, 250_000))).toBe(true);
});

test("small reads near each other take one request", async () => {
  const { reader: r, server } = await reader();
  await r.open();
  for (const at of [100, 46, 2000, 299_990, 100]) {
    expect((await read(r, 10, at)).equals(file.subarray(at, at + 10)), `at ${at}`).toBe(true);
  }
  expect(server.asked).toEqual(["bytes=0-0", "bytes=100-299999", "bytes=46-299999"]);
});

test("a connection that breaks is taken up where it broke", async () => {
  const { reader: r, server } = await reader({ breaks: 3, pause: 2 });
  await r.open();
  expect((await bytes(r, 0, file.length)).equals(file)).toBe(true);
  const starts = server.asked.slice(1).map((range) => Number(/\d+/.exec(range)![0]));
  expect(starts[0]).toBe(0);
  expect(starts).toHaveLength(4);
  expect(starts.toSorted((a, b) => a - b)).toEqual(starts);
  expect(starts[1]!).toBeGreaterThan(file.length / 4);
});

test("a server that is busy is asked again", async () => {
  const { reader: r, server } = await reader({ statuses: [503, 429] });
  expect(await r.open()).toBe(file.length);
  expect(server.asked).toHaveLength(3);
});

test("a server that stays busy is given up with its answer", async () => {
  const { reader: r, server } = await reader({ statuses: [500, 500, 500, 500, 500] });
  expect((await failure(r.open())).message).toBe("the server answered 500");
  expect(server.asked).toHaveLength(4);
});

test.each([
  ["the whole file instead of a part", { ranges: false }, "the server answered 200 to a request for a range"],
  ["no such file", { statuses: [404] }, "the server answered 404 to a request for a range"],
  ["no permission", { statuses: [401] }, "the server answered 401 to a request for a range"],
])("%s is refused at once", async (_, manner, message) => {
  const { reader: r, server } = await reader(manner);
  const error = await failure(r.open());
  expect(error).toBeInstanceOf(RangeRefused);
  expect(error.message).toBe(message);
  expect(server.asked).toHaveLength(1);
});

test("a file that changes its size meanwhile is refused", async () => {
  const { reader: r, server } = await reader();
  await r.open();
  server.file = noise(299_999, 2);
  const error = await failure(bytes(r, 0, 1000));
  expect(error).toBeInstanceOf(RangeRefused);
  expect(error.message).toContain("bytes 0-999/299999");
});

test("a name and password in the URL are sent as a header", async () => {
  const { reader: r, server } = await reader({}, (url) => url.replace("//", "//me:p%40ss@"));
  await r.open();
  expect(server.lastHeaders.authorization).toBe(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
});

test("a redirect is followed", async () => {
  const { reader: r } = await reader({}, (url) => new URL("/moved", url).href);
  expect(await r.open()).toBe(file.length);
  expect((await bytes(r, 5, 500)).equals(file.subarray(5, 500))).toBe(true);
});

test("an abort ends a read that is under way", async () => {
  const abort = new AbortController();
  const { reader: r } = await reader({ pause: 50, sent: () => abort.abort() }, (u) => u, abort.signal);
  await r.open();
  expect((await failure(bytes(r, 0, file.length))).name).toBe("AbortError");
});
