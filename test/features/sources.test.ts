import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { rebasePaths } from "../../src/config/paths.ts";
import type { Config } from "../../src/config/schema.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { loadFrozenNetwork } from "../../src/features/load_network.ts";
import { getNetwork, networkNames } from "../../src/features/registry.ts";
import { fetchWeights } from "../../src/features/sources/fetch.ts";
import { knownWeights } from "../../src/features/sources/known.ts";
import { knownSource, type RemoteSource, sourceOf } from "../../src/features/sources/source.ts";
import { neededEntries, randomNetworkWeights } from "../../src/features/weights.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { ownCache } from "../support/cache.ts";
import { vae } from "../support/cli.ts";
import { failure } from "../support/data.ts";

const network = getNetwork("squeezenet1_1");
const last = network.layers.length - 1;
const shapes = new Map(neededEntries(network, last).map(({ name, shape }) => [name, shape]));
const file = writeSafetensors(
  [...randomNetworkWeights(network, last)].map(([name, data]) => [name, { shape: shapes.get(name)!, data }]),
);
const sha256 = createHash("sha256").update(file).digest("hex");

const asked: IncomingMessage[] = [];
/** Hash that the hub states. */
let linked = sha256;
const server = createServer((request, response) => {
  asked.push(request);
  const privately = request.url?.startsWith("/me/private/");
  if (privately && request.headers.authorization !== "Bearer hf_mine")
    return response.writeHead(401, { "content-type": "application/json" }).end('{"error":"no"}');
  if (!request.url?.endsWith("/w.safetensors"))
    return response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
  if (request.url.includes("/resolve/"))
    // the hub leads to where the bytes are, as it does
    return response
      .writeHead(302, {
        location: `${origin.replace("127.0.0.1", "localhost")}/storage/w.safetensors`,
        "x-linked-etag": `"${linked}"`,
      })
      .end();
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const part = file.subarray(Number(from), Number(to) + 1);
  const range = `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`;
  response.writeHead(206, { "content-range": range, etag: `"${"0".repeat(64)}"` }).end(part);
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.NO_PROXY = "127.0.0.1,localhost";
  process.env.TORCH_HOME = "/nowhere"; // not the weights that PyTorch may have got on this machine
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const cache = ownCache();
afterEach(() => {
  delete process.env.HF_ENDPOINT;
  delete process.env.HF_TOKEN;
  asked.length = 0;
  linked = sha256;
});
const remote = (weights: string) => sourceOf("squeezenet1_1", weights) as RemoteSource;

describe("weights by a URL", () => {
  it("are got once by the command, and then read without a network", async () => {
    const weights = `${origin}/w.safetensors#sha256=${sha256}`;
    const first = await vae(["networks", "fetch", "squeezenet1_1", "--weights", weights]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const requests = asked.length;
    const again = await vae(["networks", "fetch", "squeezenet1_1", "--weights", weights]);
    expect(again.stdout).toContain("is there already");
    await useBackend("cpu");
    const args = { imageShape: [32, 32, 3] as const, baseDir: "/" };
    const loaded = await loadFrozenNetwork({ name: "squeezenet1_1", weights }, ["fire2"], args);
    loaded.dispose();
    expect(asked).toHaveLength(requests);
  });

  it("that are of another network are refused with what is missing", async () => {
    const weights = `${origin}/w.safetensors#sha256=${sha256}`;
    const { code, stderr } = await vae(["networks", "fetch", "vgg11", "--weights", weights]);
    expect(stderr).toMatch(/no weights of vgg11: features\.3\.weight is missing/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  it("without a network name the file, where it comes from and where to put it", async () => {
    const source = remote(`http://127.0.0.1:9/w.pth#sha256=${sha256}`);
    const { message } = await failure(fetchWeights(source));
    expect(message).toMatch(/^w\.pth is missing and could not be got from http:\/\/127\.0\.0\.1:9\/w\.pth/);
    expect(message).toContain(`put it there: ${source.file}`);
    mkdirSync(dirname(source.file), { recursive: true });
    writeFileSync(source.file, "by hand");
    expect(await fetchWeights(source)).toBe(source.file);
  });
});

describe("weights on the Hugging Face hub", () => {
  it("come from HF_ENDPOINT, checked by the hub's hash", async () => {
    process.env.HF_ENDPOINT = `${origin}/`;
    const got = await fetchWeights(remote("hf:timm/squeezenet@v1/sub/w.safetensors"));
    expect(got).toBe(join(cache.folder, "networks/hub/timm/squeezenet/v1/sub/w.safetensors"));
    expect(readFileSync(got).equals(file)).toBe(true);
    expect(new Set(asked.map(({ url }) => url))).toEqual(
      new Set(["/timm/squeezenet/resolve/v1/sub/w.safetensors", "/storage/w.safetensors"]),
    );
  });

  it("that are not what the hub says are refused", async () => {
    process.env.HF_ENDPOINT = origin;
    linked = "1".repeat(64);
    const source = remote("hf:timm/squeezenet/w.safetensors");
    expect((await failure(fetchWeights(source))).message).toContain(
      `expected SHA-256 ${linked}, got ${sha256}`,
    );
    expect(existsSync(source.file)).toBe(false);
  });

  it("that are private want HF_TOKEN, which the hub alone is told", async () => {
    process.env.HF_ENDPOINT = origin;
    const source = remote("hf:me/private/w.safetensors");
    const error = await failure(fetchWeights(source));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/the hub answered 401 for w\.safetensors of main\. .*set HF_TOKEN/);
    process.env.HF_TOKEN = "hf_mine";
    expect(existsSync(await fetchWeights(source))).toBe(true);
    const elsewhere = asked.filter(({ url }) => url?.startsWith("/storage/"));
    expect(elsewhere.length).toBeGreaterThan(0);
    for (const { headers } of elsewhere) expect(headers.authorization).toBeUndefined();
  });

  it("that are not there are named", async () => {
    process.env.HF_ENDPOINT = origin;
    const { message } = await failure(fetchWeights(remote("hf:timm/squeezenet/no.pth")));
    expect(message).toMatch(/timm\/squeezenet: expected no\.pth in revision main, got no such file/);
  });
});

describe("published weights", () => {
  it("are known for every network that brings none", () => {
    for (const name of networkNames()) {
      if (getNetwork(name).embedded) continue;
      const [first] = knownWeights(name);
      expect(first!.word).toBe("torchvision");
      expect(first!.url).toMatch(new RegExp(`^https://.*/${name}(-owt)?-[0-9a-f]{8}\\.pth$`));
    }
  });

  it("that were put into the cache are taken where a config names no weights", async () => {
    await useBackend("cpu");
    const args = { imageShape: [32, 32, 3] as const, baseDir: "/" };
    const load = () => loadFrozenNetwork("squeezenet1_1", ["fire2"], args);
    const { file: target } = knownSource(knownWeights("squeezenet1_1")[0]!);
    expect((await failure(load())).message).toContain(`put torchvision's file there: ${target}`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, "not weights");
    expect((await failure(load())).message).toContain(target);
  });
});

it.each([
  ["https://example.org/w.pth", /expected a URL with the file's SHA-256/],
  [`https://example.org/w.h5#sha256=${sha256}`, /expected the name of a \.safetensors/],
  ["hf:timm/w.pth", /expected a file on the Hugging Face hub, hf:OWNER\/NAME\/FILE/],
  ["hf:timm/../../w.pth", /expected a file on the Hugging Face hub/],
  ["caffe", /expected a file, torchvision, random for squeezenet1_1, got "caffe"/],
])("weights %s are refused before anything is got", (weights, message) => {
  expect(() => sourceOf("squeezenet1_1", weights)).toThrow(ConfigError);
  expect(() => sourceOf("squeezenet1_1", weights)).toThrow(message);
});

it("a config that moves takes the names of files with it, and no others", () => {
  const moved = (weights: string) => {
    const config = {
      model_params: { name: "DFCVAE", feature_network: { name: "vgg19", weights } },
      data_params: { name: "shapes3d" },
    } as unknown as Config;
    const { model_params } = rebasePaths(config, () => "/a", "/a/b");
    return (model_params.feature_network as { weights: string }).weights;
  };
  expect(moved("w.pth")).toBe("../w.pth");
  for (const kept of ["hf:a/b/w.pth", "https://x.org/w.pth", "torchvision", "caffe", "random"])
    expect(moved(kept)).toBe(kept);
});

it("vae networks lists all networks and a network's layers with their sizes", async () => {
  const all = await vae(["networks"]);
  for (const name of networkNames()) expect(all.stdout).toMatch(new RegExp(`^${name} `, "m"));
  const one = await vae(["networks", "squeezenet1_1", "--image-size", "32"]);
  expect(one.stdout).toMatch(/^ +7 {2}fire5 {2}3x3x256 +compared by default$/m);
  const wrong = await vae(["networks", "vgg18"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/got "vgg18"\. Did you mean/)]);
});
