/**
 * Runs as ONNX in a real Chromium by onnxruntime-web, against the models themselves: for each run the largest difference of
 * reconstructed values and of decoded draws of N(0, I), and, picture to picture by `Tensor.fromImage` and `toImageData`, of
 * reconstructions in grey levels. Fails above 1e-5 and 1. Where a few of a VQVAE's codes are others,
 * which is said, decoded draws alone are held to that.
 *
 *   npx tsx scripts/onnx_browser.ts RUN …
 *
 * onnxruntime-web is got by npm into the user's cache, once; CHROMIUM_PATH may name the browser.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { onnxFiles } from "../src/experiment/trained/export_onnx.ts";
import { openTrained } from "../src/experiment/trained/open_trained.ts";
import { exploring } from "../src/explore/latents.ts";
import { cacheDir } from "../src/files/cache_dir.ts";
import { Rng } from "../src/rng.ts";
import { type Tensor, type Tensor4D, tf } from "../src/tf.ts";
import { openChromium } from "../test/support/chromium.ts";

const VERSION = "1.30.0";
const IMAGES = 4;
/** Share of codes that rounding may choose otherwise, of two that are equally near to z. */
const OTHER_CODES = 1e-2;
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Of one run: files by name, and the shapes of what is in those that end in .bin. */
interface Served {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const first = (t: Tensor): Tensor => (t.shape.length === 4 ? tf.transpose(t, [0, 3, 1, 2]) : t);

async function served(path: string): Promise<Served & { readonly name: string }> {
  const run = await openTrained(path, { backend: "wasm" });
  try {
    const { vae, imageRange } = run;
    const [low, high] = imageRange;
    const rng = Rng.fromSeed(1);
    const { images, shape, labels } = await (await run.loader("val")).spread(IMAGES);
    const x = tf.tensor4d(images, [...shape]);
    const given = labels && tf.tensor2d(labels, [IMAGES, labels.length / IMAGES]);
    const ctx = exploring(rng, given);
    const pixels = (t: Tensor) => tf.clipByValue(tf.div(tf.sub(t, low), high - low), 0, 1);
    const { z: own, posterior } = vae.encode(x as Tensor4D, ctx);
    const z = Object.entries(own).map(([name, t]) => [name, rng.fold(name).normal(t.shape)] as const);
    const tensors: Record<string, Tensor> = {
      images: first(pixels(x)),
      reconstructed: first(pixels(vae.reconstruct(x as Tensor4D, ctx))),
      decoded: first(pixels(vae.decode(Object.fromEntries(z), ctx))),
      ...(given && vae.labels && { labels: given }),
      ...Object.fromEntries(
        Object.entries(posterior).flatMap(([name, q]) =>
          q.kind === "codes" ? [[`codes.${name}`, tf.cast(q.indices, "float32")]] : [],
        ),
      ),
      ...Object.fromEntries(z.map(([name, t]) => [`z.${name}`, first(t)])),
    };
    const entries = Object.entries(tensors);
    return {
      name: run.model.name,
      shapes: Object.fromEntries(entries.map(([name, t]) => [name, t.shape])),
      files: {
        ...onnxFiles(run),
        ...Object.fromEntries(
          entries.map(([name, t]) => [
            `${name}.bin`,
            new Uint8Array((t.dataSync() as Float32Array).slice().buffer),
          ]),
        ),
      },
    };
  } finally {
    await run.close();
  }
}

/** onnxruntime-web's files. */
function runtime(): string {
  const folder = cacheDir("test-npm", `onnxruntime-web-${VERSION}`);
  const dist = join(folder, "node_modules/onnxruntime-web/dist");
  if (!existsSync(dist)) {
    mkdirSync(folder, { recursive: true });
    const install = [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--prefix",
      folder,
    ];
    execFileSync("npm", [...install, `onnxruntime-web@${VERSION}`], { stdio: "inherit" });
  }
  return dist;
}

/** In the page: the differences of one run. */
async function compare(origin: string, shapes: Readonly<Record<string, readonly number[]>>) {
  const ort = await import(`${origin}ort.wasm.min.mjs`);
  ort.env.wasm.wasmPaths = origin;
  ort.env.wasm.numThreads = 1;
  const bytes = async (name: string) => (await fetch(origin + name)).arrayBuffer();
  const tensor = async (name: string) =>
    new ort.Tensor("float32", new Float32Array(await bytes(`${name}.bin`)), shapes[name]);
  const session = async (name: string) => ort.InferenceSession.create(await bytes(name));
  const [encoder, decoder] = [await session("encoder.onnx"), await session("decoder.onnx")];
  const labels = shapes.labels ? { labels: await tensor("labels") } : {};
  const pick = (all: Record<string, unknown>, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, all[name]]));
  let [codes, others] = [0, 0];
  const through = async (feed: Record<string, unknown>) => {
    const encoded = await encoder.run(pick({ ...labels, ...feed }, encoder.inputNames));
    for (const name of Object.keys(shapes).filter(
      (key) => feed.images === images && key.startsWith("codes."),
    )) {
      const expected = (await tensor(name)).data as Float32Array;
      const found = encoded[`${name.slice(6)}_indices`].data as Int32Array;
      codes += expected.length;
      others += expected.filter((code, i) => code !== found[i]).length;
    }
    const { images: made } = await decoder.run(pick({ ...labels, ...encoded }, decoder.inputNames));
    return made;
  };
  const largest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let worst = a.length === b.length ? 0 : Number.NaN;
    for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    return worst;
  };
  const images = await tensor("images");
  const expected = await tensor("reconstructed");
  const drawn: Record<string, unknown> = { ...labels };
  for (const name of decoder.inputNames as string[])
    if (name !== "labels") drawn[name] = await tensor(`z.${name}`);
  const decoded = await decoder.run(drawn);
  const reconstructed = await through({ images });

  // One image as a picture, in and out.
  const [, channels, height, width] = shapes.images as [number, number, number, number];
  let levels: number | undefined;
  if (channels === 3 && !shapes.labels) {
    const size = height * width;
    const picture = new ImageData(width, height);
    for (let p = 0; p < size; p++) {
      for (let c = 0; c < 3; c++) picture.data[4 * p + c] = Math.round(255 * images.data[c * size + p]);
      picture.data[4 * p + 3] = 255;
    }
    const one = await ort.Tensor.fromImage(picture, { tensorFormat: "RGB" });
    const shown = (await through({ images: one })).toImageData().data as Uint8ClampedArray;
    levels = 0;
    for (let p = 0; p < size; p++)
      for (let c = 0; c < 3; c++)
        levels = Math.max(levels, Math.abs(shown[4 * p + c]! - 255 * expected.data[c * size + p]));
  }
  return {
    reconstructed: largest(reconstructed.data, expected.data),
    decoded: largest(decoded.images.data, (await tensor("decoded")).data),
    levels,
    codes,
    others,
  };
}

const dist = runtime();
let current: Served["files"] = {};
const server = createServer(async ({ url = "/" }, response) => {
  const name = url.slice(1) || "index.html";
  const own = name === "index.html" ? Buffer.from("<!doctype html><title>onnx</title>") : current[name];
  const body = own ?? (await readFile(join(dist, name)).catch(() => undefined));
  response.writeHead(body === undefined ? 404 : 200, {
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
  });
  response.end(body);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await openChromium();
if (browser === undefined) throw new Error("expected a Chromium, got none. Name it in CHROMIUM_PATH.");
try {
  const page = await browser.newPage();
  await page.goto(origin);
  console.log(`onnxruntime-web ${VERSION}, Chromium ${browser.version()}`);
  for (const path of process.argv.slice(2)) {
    const { name, files, shapes } = await served(path);
    current = files;
    const call = `(${compare.toString()})(${JSON.stringify(origin)}, ${JSON.stringify(shapes)})`;
    const found = (await page.evaluate(`const __name = (f) => f; ${call}`)) as Awaited<
      ReturnType<typeof compare>
    >;
    const { reconstructed, decoded, levels, codes, others } = found;
    const pictures = levels === undefined ? "" : `, pictures ${levels.toFixed(2)} grey levels`;
    console.log(
      `${name}: reconstructions ${reconstructed.toExponential(1)}, decoded draws ${decoded.toExponential(1)}${pictures}`,
    );
    if (codes > 0) console.log(`  ${others} of ${codes} codes are others, of two that are equally near`);
    if (others > 0 && others <= codes * OTHER_CODES && decoded <= 1e-5) continue;
    if (!(reconstructed <= 1e-5 && decoded <= 1e-5 && (levels ?? 0) <= 1)) process.exitCode = 1;
  }
} finally {
  await browser.close();
  server.close();
}
