import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { findLibrary } from "../../../src/backends/tensorflow/library.ts";
import { loadConfig } from "../../../src/config/load.ts";
import {
  backendFor,
  type Choosing,
  MEASURE,
  trainedOn,
} from "../../../src/experiment/timing/choose_backend.ts";
import { race } from "../../../src/experiment/timing/race.ts";
import { describeTensorFlow } from "../../support/backends.ts";
import { ownCache } from "../../support/cache.ts";
import { startVae } from "../../support/cli.ts";

const library = findLibrary()?.file;
const cache = ownCache();
const root = mkdtempSync(join(tmpdir(), "vae-choose-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const YAML = `
model_params: { name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8] }
data_params: { name: shapes3d, patch_size: 32, train_batch_size: 8, num_workers: 0 }
trainer_params: { max_steps: 5000 }
`;
let loaded: Awaited<ReturnType<typeof loadConfig>>;
beforeAll(async () => {
  writeFileSync(join(root, "tiny.yaml"), YAML);
  loaded = await loadConfig(join(root, "tiny.yaml"));
});

const said: string[] = [];
/** The backend of `name` and what was said. */
async function choose(name: string, changes: Partial<Choosing> & { set?: string[] } = {}) {
  said.length = 0;
  const { set, ...choosing } = changes;
  const { config, baseDir } = await loadConfig(join(root, "tiny.yaml"), { set: set ?? [] });
  const say = (text: string) => said.push(text);
  const info = await backendFor(name, { configs: [config], baseDir, say, isBusy: () => false, ...choosing });
  return info.name;
}

/** A run's folder that says it was trained on `backends`, one after the other. */
function trained(...backends: string[]): string {
  const folder = mkdtempSync(join(root, "run-"));
  backends.forEach((backend, i) => {
    const name = i === 0 ? "environment.json" : `environment_resumed_at_${100 - i}.json`;
    writeFileSync(join(folder, name), JSON.stringify({ backend, date: `2026-11-2${i}T00:00:00.000Z` }));
  });
  return folder;
}

describe("where TensorFlow's library is not set up", () => {
  it("auto is wasm and measures nothing; measure says why", async () => {
    expect([await choose("auto"), said]).toEqual(["wasm", []]);
    expect([await choose(MEASURE), said]).toEqual(["wasm", [expect.stringMatching(/nothing to measure$/)]]);
  });

  it("a run that was trained on it goes on with wasm, and is told so", async () => {
    expect(await choose("auto", { trained: trained("tensorflow") })).toBe("wasm");
    expect(said).toEqual([
      expect.stringMatching(/tensorflow is left out, wasm computes: TensorFlow's library is not/),
    ]);
  });
});

it("a run was trained on what its newest environment says", () => {
  expect(trainedOn(trained("tensorflow", "wasm", "cpu"))).toBe("cpu");
  expect(trainedOn(trained("wasm"))).toBe("wasm");
  expect(trainedOn(trained("webgl"))).toBeUndefined();
  const imported = trained();
  writeFileSync(join(imported, "environment.json"), JSON.stringify({ date: "2026", imported_from: "a.pt" }));
  expect(trainedOn(imported)).toBeUndefined();
});

it("what a backend says that fails is the race's outcome for it", async () => {
  process.env.TFJS_VAE_TENSORFLOW = join(root, "nowhere");
  expect(await race(loaded.config, loaded.baseDir, ["wasm", "tensorflow"])).toEqual({
    wasm: Number.NaN,
    tensorflow: { problem: expect.stringMatching(/^TFJS_VAE_TENSORFLOW: expected libtensorflow_cc/) },
  });
}, 120_000);

it("a race that is stopped leaves nothing behind", async () => {
  const temporary = mkdtempSync(join(root, "tmp-"));
  const left = () => readdirSync(temporary).filter((name) => name.startsWith("tfjs-vae-race-"));
  const env = { TMPDIR: temporary, TFJS_VAE_TENSORFLOW: join(root, "nowhere") };
  const args = ["run", "--config", join(root, "tiny.yaml"), "--backend", MEASURE];
  const { child, ended, said: has } = startVae(args, { cwd: root, env });
  await has("measuring");
  while (left().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
  expect(left()).toEqual([]);
}, 60_000);

describeTensorFlow("where both are set up", () => {
  const kept = () => {
    mkdirSync(join(cache.folder, "speed"), { recursive: true });
    return readdirSync(join(cache.folder, "speed")).map((name) => join(cache.folder, "speed", name));
  };
  const named = () => {
    process.env.TFJS_VAE_TENSORFLOW = library;
  };
  const write = (wasm: number, tensorflow: number) =>
    writeFileSync(
      kept()[0]!,
      JSON.stringify({ seconds: { wasm, tensorflow }, date: "2026-11-26T00:00:00Z" }),
    );

  it("both are measured once and the outcome is kept by machine and config", async () => {
    named();
    const first = await choose("auto");
    expect(said[0]).toMatch(/^note {3}backend: measuring whether wasm or tensorflow is faster here/);
    expect(said[1]).toMatch(
      /^note {3}backend (wasm|tensorflow): wasm [\d.]+ images\/s, tensorflow [\d.]+ images\/s \(/,
    );
    const { seconds } = JSON.parse(readFileSync(kept()[0]!, "utf8"));
    for (const name of ["wasm", "tensorflow"]) expect(seconds[name]).toBeGreaterThan(0);
    expect(seconds.tensorflow * 1.1 < seconds.wasm ? "tensorflow" : "wasm").toBe(first);

    // Kept, whatever it says: TensorFlow only where it is clearly faster.
    for (const [wasm, tensorflow, chosen] of [
      [2, 1, "tensorflow"],
      [1, 2, "wasm"],
      [1.05, 1, "wasm"],
    ] as const) {
      write(wasm, tensorflow);
      expect([await choose("auto"), said]).toEqual([
        chosen,
        [
          `note   backend ${chosen}: wasm ${(8 / wasm).toPrecision(3)} images/s, tensorflow ${(8 / tensorflow).toPrecision(3)} images/s, as measured on 2026-11-26 (--backend measure: anew)`,
        ],
      ]);
    }

    // Where nothing names a cache: what is kept in the user's own is found there.
    const home = mkdtempSync(join(root, "cache-"));
    symlinkSync(cache.folder, join(home, "tfjs-vae"));
    vi.stubEnv("TFJS_VAE_CACHE", undefined);
    vi.stubEnv("XDG_CACHE_HOME", home);
    expect([await choose("auto"), said]).toEqual(["wasm", [expect.stringMatching(/as measured on/)]]);
    vi.unstubAllEnvs();

    // Of an experiment's configs the sum counts.
    const bigger = (await loadConfig(join(root, "tiny.yaml"), { set: ["exp_params.manual_seed=3"] })).config;
    write(3, 2);
    expect(await choose("auto", { configs: [loaded.config, bigger] })).toBe("tensorflow");
    expect(said).toEqual([expect.stringMatching(/wasm 2\.67 images\/s, tensorflow 4\.00 images\/s/)]);

    // Another batch is another config; of a short run nothing is measured.
    const other = ["data_params.train_batch_size=4"];
    for (const short of [
      ["trainer_params.max_steps=150"],
      ["trainer_params.max_steps=null", "trainer_params.max_epochs=3", "data_params.size=200"],
    ])
      expect([await choose("auto", { set: [...other, ...short] }), said]).toEqual(["tensorflow", []]);
    expect(kept()).toHaveLength(1);

    // Anew, and not kept where the machine was busy.
    await choose(MEASURE, { isBusy: () => true });
    expect(said[1]).toMatch(/the machine is busy, so the next run measures again/);
    expect(JSON.parse(readFileSync(kept()[0]!, "utf8")).seconds).toEqual({ wasm: 3, tensorflow: 2 });
    await choose(MEASURE);
    expect(JSON.parse(readFileSync(kept()[0]!, "utf8")).seconds.wasm).toBeLessThan(3);
  }, 180_000);

  it("a mistake in the data is not told of a backend, but by the run", async () => {
    named();
    const celeba = ["data_params.name=celeba", "data_params.patch_size=64"];
    await choose("auto", { set: [...celeba, `data_params.data_path=${join(root, "nowhere")}`] });
    expect(said).toEqual([]);
    const labelled = ["model_params.name=ConditionalVAE", ...celeba, `data_params.data_path=${root}`];
    await choose("auto", { set: labelled });
    expect(said).toEqual([expect.stringMatching(/measuring/)]);
  }, 60_000);

  it("a run that is gone on with keeps its backend, whatever is faster", async () => {
    named();
    for (const backend of ["wasm", "tensorflow", "cpu"])
      expect([await choose("auto", { trained: trained(backend) }), said]).toEqual([backend, []]);
    expect(await choose("cpu", { trained: trained("wasm") })).toBe("cpu");
  });

  it("bfloat16, which wasm has not, is tensorflow's", async () => {
    named();
    expect([await choose("auto", { set: ["trainer_params.precision=bfloat16"] }), said]).toEqual([
      "tensorflow",
      [],
    ]);
  });
});
