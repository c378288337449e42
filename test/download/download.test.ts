import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { download } from "../../src/download/download.ts";
import { openHttp } from "../../src/download/http.ts";
import { DataError } from "../../src/errors.ts";
import { dataFolder, failure } from "../support/data.ts";
import { noise } from "../support/wheel.ts";
import { type Manner, type WheelServer, wheelServer } from "../support/wheel_server.ts";

process.env.NO_PROXY = "127.0.0.1";
const http = openHttp();
afterAll(() => http.destroy());

const content = noise(300_000);
const sha256 = createHash("sha256").update(content).digest("hex");

async function place(manner: Partial<Manner> = {}) {
  const server = await wheelServer(content, manner);
  const file = join(dataFolder(), "below", "w.bin");
  return { server, file, wanted: { url: server.url, file, sha256, http } };
}
const whole = (file: string) => readFileSync(file).equals(content) && !existsSync(`${file}.part`);
/** First bytes that were asked for, the probe for the size left out. */
const starts = ({ asked }: WheelServer) =>
  asked.filter((range) => range !== "bytes=0-0").map((range) => Number(/\d+/.exec(range)?.[0]));

test("a file comes whole, by a beginning of its hash too, and says how far it is", async () => {
  const { file, wanted } = await place();
  const seen: number[] = [];
  await download({
    ...wanted,
    sha256: sha256.slice(0, 8),
    onProgress: ({ done, total }) => seen.push(done / total),
  });
  expect(whole(file)).toBe(true);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
});

test("connections that break are taken up where they broke", async () => {
  const { file, wanted, server } = await place({ breaks: 3, pause: 2 });
  await download(wanted);
  expect(whole(file)).toBe(true);
  expect(starts(server)).toHaveLength(4);
  expect(starts(server)[1]).toBeGreaterThan(content.length / 4);
});

test("a download that was stopped is gone on with by the next", async () => {
  const abort = new AbortController();
  const { file, wanted, server } = await place({ pause: 5, sent: () => abort.abort() });
  const onProgress = ({ done }: { done: number }) => done > 60_000 && abort.abort();
  server.sent = () => {};
  expect((await failure(download({ ...wanted, signal: abort.signal, onProgress }))).name).toBe("AbortError");
  expect(existsSync(file)).toBe(false);
  server.asked.length = 0;
  await download(wanted);
  expect(whole(file)).toBe(true);
  expect(starts(server)[0]).toBeGreaterThanOrEqual(60_000);
});

test("what lay there of another file is got anew", async () => {
  const { file, wanted } = await place();
  await download(wanted);
  const { wanted: again, file: other } = await place();
  await download(again);
  writeFileSync(`${other}.part`, noise(100_000, 2));
  await download(again);
  expect(whole(other)).toBe(true);
  expect(whole(file)).toBe(true);
});

test("bytes of another hash leave no file and are refused with both hashes", async () => {
  const { file, wanted, server } = await place();
  server.file = noise(300_000, 2);
  const error = await failure(download(wanted));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toContain(`expected SHA-256 ${sha256}, got `);
  expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
});

test("a server without ranges gives the whole", async () => {
  const { file, wanted } = await place({ ranges: false });
  await download(wanted);
  expect(whole(file)).toBe(true);
});

test("a server that has no such file is named with its answer", async () => {
  const { file, wanted } = await place({ statuses: [404, 404] });
  expect((await failure(download(wanted))).message).toBe("the server answered 404");
  expect(existsSync(file)).toBe(false);
});

test("two at once leave one whole file", async () => {
  const { file, wanted } = await place({ pause: 2 });
  await Promise.all([download(wanted), download(wanted)]);
  expect(whole(file)).toBe(true);
});
