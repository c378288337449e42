import { spawnSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLibrary, libraryFolder } from "../../src/backends/tensorflow/library.ts";
import { hasAvx } from "../../src/backends/tensorflow/register.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import { setupTensorflow } from "../../src/setup/tensorflow.ts";
import { describeTensorFlow } from "../support/backends.ts";
import { ownCache } from "../support/cache.ts";
import { vae } from "../support/cli.ts";
import { dataFolder } from "../support/data.ts";
import { LIBRARY, WHEEL_NAME, wheel } from "../support/wheel.ts";

const real = findLibrary()?.file;
const source = new URL("../../src/", import.meta.url).href;

/** The end of a process of its own, which runs `script`. */
function ends(script: string, env: NodeJS.ProcessEnv = {}) {
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, signal, stdout, stderr };
}

describe("auto, where TensorFlow's library can't be used", () => {
  const cache = ownCache();
  const said: string[] = [];
  const auto = async () => {
    said.length = 0;
    const { name } = await useBackend("auto", { say: (text) => said.push(text) });
    return name;
  };

  it("is wasm, without a word where none is set up", async () => {
    expect([await auto(), said]).toEqual(["wasm", []]);
    await expect(useBackend("tensorflow")).rejects.toThrow(
      /^TensorFlow's library is not set up\. Type: npx vae setup tensorflow/,
    );
  });

  it("is wasm with the reason where TFJS_VAE_TENSORFLOW names none", async () => {
    process.env.TFJS_VAE_TENSORFLOW = join(cache.folder, "nowhere");
    expect(await auto()).toBe("wasm");
    expect(said).toEqual([
      expect.stringMatching(
        /^note {3}backend tensorflow is left out, wasm computes: TFJS_VAE_TENSORFLOW: exp/,
      ),
    ]);
  });

  it("is wasm with the reason where a file of it was cut short, before it is loaded", async () => {
    await setupTensorflow({ wheel: join(dataFolder({ [WHEEL_NAME]: wheel() }), WHEEL_NAME) });
    truncateSync(join(libraryFolder(), LIBRARY[0]!), 100);
    expect(await auto()).toBe("wasm");
    expect(said).toEqual([expect.stringMatching(/missing or has another size.*setup tensorflow --force$/)]);
    await expect(useBackend("tensorflow")).rejects.toThrow(/missing or has another size/);
  });

  it("is wasm with the reason where it does not load; a run that was trained on tensorflow too", async () => {
    const folder = join(cache.folder, "text");
    mkdirSync(folder);
    writeFileSync(join(folder, LIBRARY[0]!), "no library");
    process.env.TFJS_VAE_TENSORFLOW = folder;
    expect(await auto()).toBe("wasm");
    expect(said).toEqual([expect.stringMatching(/wasm computes: .*TensorFlow's library does not load: /)]);
    const { name } = await useBackend("auto", { prefer: "tensorflow", say: () => {} });
    expect(name).toBe("wasm");
  });
});

it("a backend of this name that another package registered is a sentence, not a TypeError later", () => {
  const { status, stdout } = ends(`
    const { useBackend } = await import("${source}backends/use_backend.ts");
    const { tf } = await import("${source}tf.ts");
    tf.registerBackend("wasm", () => { throw new Error("no"); });
    await useBackend("wasm").catch((error) => console.log(error.name, error.message));`);
  expect([status, stdout]).toEqual([
    0,
    'EngineError another package has registered a backend "wasm" with tfjs. Remove it.\n',
  ]);
});

// Later ones get along with fewer addresses than they need themselves.
const reservesMuch = process.platform === "linux" && Number(process.versions.node.split(".")[0]) < 24;

it.skipIf(!reservesMuch)("too little address space is a sentence with its remedy", async () => {
  await vae(["models"]); // bundles the sources, which needs more
  const run = `run --config configs/vae_plain.yaml --backend wasm --set trainer_params.max_steps=1 --quiet`;
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", `ulimit -v 8000000; exec ${process.execPath} bin/vae.js ${run}`],
    { encoding: "utf8" },
  );
  expect(stderr).toMatch(
    /^WebAssembly's memory does not fit into the addresses .* Type: ulimit -v unlimited\n$/,
  );
  expect(status).toBe(1);
});

it("a processor without AVX is told from one with it", () => {
  expect(hasAvx("flags\t\t: fpu sse2 ssse3\n")).toBe(process.arch !== "x64");
  expect(hasAvx("flags\t\t: fpu sse2 avx avx2\n")).toBe(true);
  expect(hasAvx(undefined)).toBe(true);
});

describeTensorFlow("TensorFlow's library", () => {
  it("ends no process that loaded it in part", () => {
    const { status, signal, stderr } = ends(`
      const { quietTensorFlow } = await import("${source}backends/tensorflow/quiet.ts");
      quietTensorFlow(${JSON.stringify(real)});
      throw new Error("what comes next is missing");`);
    expect(stderr).toMatch(/what comes next is missing/);
    expect([status, signal]).toEqual([1, null]);
  });

  it.skipIf(process.arch !== "x64")("computes by oneDNN on every processor, unless told otherwise", () => {
    const convolutions = (env: NodeJS.ProcessEnv) => {
      const script = `
        const { useBackend } = await import("${source}backends/use_backend.ts");
        const { tf } = await import("${source}tf.ts");
        await useBackend("tensorflow");
        console.log("sum", tf.sum(tf.conv2d(tf.ones([8, 16, 16, 32]), tf.ones([3, 3, 32, 32]), 1, "valid")).dataSync()[0]);`;
      const { stdout } = ends(script, { ONEDNN_VERBOSE: "1", TF_ENABLE_ONEDNN_OPTS: undefined, ...env });
      expect(stdout).toContain(`sum ${8 * 14 * 14 * 32 * 9 * 32}`);
      return stdout.match(/^onednn_verbose,.*,convolution,/gm)?.length ?? 0;
    };
    expect(convolutions({})).toBeGreaterThan(0);
    expect(convolutions({ TF_ENABLE_ONEDNN_OPTS: "0" })).toBe(0);
  });
});
