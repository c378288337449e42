import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { libraryFolder, MANIFEST } from "../../src/backends/tensorflow/library.ts";
import { computes, missing, ok, oneTrains } from "../../src/setup/doctor/check.ts";
import { nodeCheck, processorChecks } from "../../src/setup/doctor/machine.ts";
import { runProbe } from "../../src/setup/doctor/probe.ts";
import { computeChecks, koffiCheck, libraryCheck } from "../../src/setup/doctor/tensorflow.ts";
import { setupTensorflow } from "../../src/setup/tensorflow.ts";
import { hasTensorFlow } from "../support/backends.ts";
import { ownCache } from "../support/cache.ts";
import { vae } from "../support/cli.ts";
import { dataFolder } from "../support/data.ts";
import { LIBRARY, noise, WHEEL_NAME, wheel } from "../support/wheel.ts";

const real = { ...process.env };
const cache = ownCache();
const whole = () => setupTensorflow({ wheel: join(dataFolder({ [WHEEL_NAME]: wheel() }), WHEEL_NAME) });

test("Node before 20 is missing, later ones are ok", () => {
  const states = ["18.20.8", "20.18.3", "22.4.1", "20.19.0", "22.12.0", "24.0.0"].map(
    (v) => nodeCheck(v).state,
  );
  expect(states).toEqual(["missing", "missing", "missing", "ok", "ok", "ok"]);
  expect(nodeCheck("18.20.8")).toMatchObject({
    text: "18.20.8; expected 20.19 or later, or 22.12 or later",
    remedy: expect.stringContaining("nodejs.org"),
  });
});

test("the processor is told by its flags", () => {
  const of = (flags: string) => processorChecks(`processor\t: 0\nflags\t\t: fpu ${flags}\nbugs\t: none\n`);
  expect(of("sse2")).toMatchObject([{ state: "note", text: expect.stringContaining("no AVX") }]);
  expect(of("avx")).toMatchObject([{ state: "note", text: "AVX but no AVX2" }]);
  expect(of("avx avx2 fma")).toMatchObject([{ state: "ok", text: "avx2 fma; no fast bfloat16" }]);
  expect(of("avx avx2 fma avx512f amx_bf16")).toMatchObject([
    { state: "ok", text: "avx2 fma avx512f amx_bf16; bfloat16 is fast here" },
  ]);
  expect(processorChecks(undefined)).toEqual([]); // no /proc
  expect(processorChecks("processor\t: 0\nFeatures\t: fp asimd\n")).toEqual([]); // ARM
});

test("koffi is there", async () => expect((await koffiCheck()).state).toBe("ok"));

describe("the library", () => {
  const setup = "npx vae setup tensorflow";
  const NOT_SET_UP =
    "not set up, nor needed: wasm trains; with it a run on the processor takes the faster of both";

  it("is not set up where nothing is set up, or no manifest was written", () => {
    expect(libraryCheck()).toMatchObject({ state: "note", text: NOT_SET_UP, remedy: setup });
    mkdirSync(libraryFolder(), { recursive: true });
    for (const name of LIBRARY) writeFileSync(join(libraryFolder(), name), noise(8));
    expect(libraryCheck()).toMatchObject({ state: "note", text: NOT_SET_UP, remedy: setup });
    writeFileSync(join(libraryFolder(), MANIFEST), '{"folder": ');
    expect(libraryCheck()).toMatchObject({ state: "note", text: NOT_SET_UP, remedy: setup });
  });

  it("is ok where it is whole, with version, folder and where it came from", async () => {
    await whole();
    const { state, text } = libraryCheck();
    expect([state, text]).toEqual([
      "ok",
      expect.stringMatching(/^2\.21\.0 in \S+2\.21\.0 \(55\.0 kB\), from \S+\.whl$/),
    ]);
  });

  it.each([
    ["is gone", (file: string) => rmSync(file)],
    ["is cut short", (file: string) => writeFileSync(file, noise(100))],
  ])("is missing where a file of it %s", async (_, harm) => {
    for (const name of LIBRARY) {
      await whole();
      harm(join(libraryFolder(), name));
      const check = libraryCheck();
      expect([name, check.state]).toEqual([name, "missing"]);
      expect(check.remedy).toContain(setup);
    }
  });

  it("is the one that TFJS_VAE_TENSORFLOW names, or missing there", async () => {
    await whole();
    process.env.TFJS_VAE_TENSORFLOW = libraryFolder();
    expect(libraryCheck()).toMatchObject({ state: "ok", text: expect.stringMatching(/named by TFJS_VAE/) });
    process.env.TFJS_VAE_TENSORFLOW = join(cache.folder, "nowhere");
    expect(libraryCheck()).toMatchObject({
      state: "missing",
      text: expect.stringMatching(/TFJS_VAE_TENSORFLOW names \S+nowhere, where it is not/),
      remedy: "correct or unset it",
    });
  });
});

test("what computing showed is told: a crash, a processor, a GPU, a GPU that is not used", () => {
  const cpu = { version: "2.21.0", device: "/job:localhost/replica:0/task:0/device:CPU:0", milliseconds: 5 };
  const gpu = "/job:localhost/replica:0/task:0/device:GPU:0";
  expect(computeChecks({ problem: "the process was ended by SIGILL" }, false)).toMatchObject([
    { state: "missing", text: expect.stringContaining("SIGILL"), remedy: expect.stringContaining("--force") },
  ]);
  expect(computeChecks({ ...cpu, devices: [cpu.device] }, false)).toMatchObject([
    { state: "ok", text: "TensorFlow 2.21.0 computes on CPU:0 (loaded in 5 ms)" },
  ]);
  expect(computeChecks({ ...cpu, device: gpu, devices: [cpu.device, gpu] }, true)).toMatchObject([
    { state: "ok", text: expect.stringContaining("on GPU:0") },
    { state: "ok", text: "GPU:0" },
  ]);
  expect(computeChecks({ ...cpu, devices: [cpu.device] }, true)[1]).toMatchObject({
    state: "note",
    remedy: "npx vae setup tensorflow --gpu",
  });
});

test("a probe that crashes, fails or prints nothing is a problem in words", () => {
  expect(runProbe(["-e", "process.kill(process.pid, 'SIGILL')"])).toEqual({
    problem: "the process was ended by SIGILL",
  });
  expect(runProbe(["-e", "console.error('a\\nlast words'); process.exit(3)"])).toEqual({
    problem: "last words",
  });
  expect(runProbe(["-e", "process.exit(3)"])).toEqual({ problem: "exit code 3" });
});

describe("vae doctor", () => {
  it.skipIf(!hasTensorFlow)("ends with 0 where TensorFlow trains", async () => {
    const { code, stdout, stderr } = await vae(["doctor"], {
      env: { ...real, TFJS_VAE_CACHE: real.TFJS_VAE_CACHE },
    });
    expect(stdout).toMatch(/^ok {6} training: TensorFlow 2\.21\.0 computes on /m);
    expect(stdout).toMatch(/ready to train\n$/);
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("ends with 0 and what to type for more speed where only wasm trains", async () => {
    const { code, stdout, stderr } = await vae(["doctor"]);
    expect(stdout).toMatch(/^ok {6} wasm: computes \(WebAssembly, \d+ threads?, (128|256)-bit vectors\)$/m);
    expect(stdout).toMatch(/^note {4} TensorFlow's library: not set up.*\n {9}→ npx vae setup tensorflow$/m);
    expect(stdout).toMatch(/ready to train\n$/);
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("ends with 0 and no stack trace where the library does not load, for then wasm trains", async () => {
    await whole();
    const { code, stdout, stderr } = await vae(["doctor"]);
    expect(stdout).toMatch(
      /^note {4} training: TensorFlow does not compute: .*does not load.* Type: npx vae setup tensorflow --force; wasm trains$/m,
    );
    expect(stdout).toMatch(/ready to train\n$/);
    expect(`${stdout}${stderr}`).not.toMatch(/^\s+at /m);
    expect(code).toBe(0);
  });
});

test("one backend that auto takes is enough to train; nothing of the others is missing then", () => {
  const good = (name: string) => computes(name, "computes", name);
  const bad = (name: string) => missing(name, "is gone.", "get it");
  const onRequest = { name: "xla:cpu", state: "ok", text: "computes" } as const;
  const states = (...args: Parameters<typeof oneTrains>) => oneTrains(...args).map((c) => c.state);
  expect(oneTrains([good("wasm")], [bad("TensorFlow's library")])[1]).toEqual({
    name: "TensorFlow's library",
    state: "note",
    text: "is gone; wasm trains",
    remedy: "get it",
  });
  expect(states([bad("wasm")], [ok("koffi", "3"), good("tensorflow")])).toEqual(["note", "ok", "ok"]);
  expect(oneTrains([bad("wasm")], [bad("training")], [good("xla:cuda")]).map((c) => c.text)).toEqual([
    "is gone; xla:cuda trains",
    "is gone; xla:cuda trains",
    "computes",
  ]);
  expect(states([bad("wasm")], [bad("training")], [onRequest])).toEqual(["missing", "missing", "ok"]);
});
