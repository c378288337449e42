import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { acceleratorsHere, findPlugin } from "../../src/backends/xla/plugins/index.ts";
import { checkDriver, driverVersion, gpuCount, gpuModels } from "../../src/setup/xla/nvidia.ts";
import { setupXla } from "../../src/setup/xla/setup_xla.ts";
import { type Wheel, wheelsFor } from "../../src/setup/xla/wheels.ts";
import { ownCache } from "../support/cache.ts";
import { vae } from "../support/cli.ts";
import { type PackageIndex, packageIndex } from "../support/package_index.ts";
import { oldPipPython, pipPython } from "../support/pip.ts";
import { noise, zip } from "../support/wheel.ts";

const PLUGIN = "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so";
const FILES: Record<string, Buffer> = {
  "lammps_jax_pjrt_cpu-0.11.2-py3-none-any.whl": zip({
    [PLUGIN]: noise(300_000),
    "lammps_jax_pjrt_cpu/__init__.py": Buffer.from("raise ImportError\n"),
    ...description("lammps_jax_pjrt_cpu", "0.11.2"),
  }),
  "maker_tools-1.0-py3-none-any.whl": zip(
    {
      "maker/bin/ptxas": noise(5_000),
      "maker/include/a.h": noise(100),
      ...description("maker_tools", "1.0"),
    },
    true,
    0o755,
  ),
};

function description(name: string, version: string): Record<string, Buffer> {
  const info = `${name}-${version}.dist-info`;
  return {
    [`${info}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`),
    [`${info}/WHEEL`]: Buffer.from("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    [`${info}/RECORD`]: Buffer.from(""),
  };
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const wheels: Wheel[] = [
  { name: "lammps-jax-pjrt-cpu", version: "0.11.2", take: /\.so$/ },
  { name: "maker-tools", version: "1.0", take: /\/bin\// },
].map((wheel, i) => {
  const file = Object.values(FILES)[i]!;
  return { ...wheel, sha256: sha256(file), bytes: file.length };
});

const own = ownCache();
let pythons: readonly [string, string];
beforeAll(() => {
  pythons = [pipPython(), oldPipPython()];
}, 120_000);
afterEach(() => {
  vi.unstubAllEnvs();
});

function useIndex({ env }: PackageIndex, python: string): void {
  vi.stubEnv("PATH", `${dirname(python)}${delimiter}${process.env.PATH}`);
  vi.stubEnv("TFJS_VAE_XLA_CPU", undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

function expectSetUp(): void {
  const folder = join(own.folder, "xla", "cpu");
  expect(readFileSync(join(folder, PLUGIN)).equals(noise(300_000))).toBe(true);
  expect(statSync(join(folder, "maker", "bin", "ptxas")).mode & 0o111).not.toBe(0);
  expect(readdirSync(folder).sort()).toEqual([
    "lammps_jax_pjrt_cpu",
    "lammps_jax_pjrt_cpu-0.11.2.dist-info",
    "maker",
    "maker_tools-1.0.dist-info",
    "manifest.json",
  ]);
  expect(readdirSync(join(folder, "maker"))).toEqual(["bin"]);
  expect(readdirSync(join(own.folder, "xla", "downloads"))).toEqual([]);
  expect(findPlugin("cpu")).toEqual({
    platform: "cpu",
    file: join(folder, PLUGIN),
    version: "0.11.2",
    from: "vae setup xla",
  });
}

describe("vae setup xla", () => {
  it("gets what is needed of each wheel, checked, once, whole though a connection breaks", async () => {
    const index = await packageIndex(FILES);
    useIndex(index, pythons[0]);
    index.breakAfter = 100_000;
    const progress: number[] = [];
    const options = {
      platform: "cpu" as const,
      wheels,
      onProgress: ({ done, total }: { done: number; total: number }) => void progress.push(done / total),
    };
    expect(await setupXla(options)).toMatchObject({ platform: "cpu", already: false });
    expectSetUp();
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    const asked = index.asked.length;
    expect((await setupXla(options)).already).toBe(true);
    expect(index.asked).toHaveLength(asked);
    const ranges = index.asked.filter(({ name }) => name.startsWith("lammps")).map(({ range }) => range);
    expect(ranges.some((range) => /^bytes=[1-9]\d{4,}-/.test(range))).toBe(true);
  });

  it("takes up what a set-up that was stopped had got", async () => {
    const index = await packageIndex(FILES);
    useIndex(index, pythons[0]);
    const stop = new AbortController();
    const began = setupXla({
      platform: "cpu",
      wheels,
      signal: stop.signal,
      say: (text) => void (text.startsWith("maker-tools") && stop.abort(new Error("stopped"))),
    });
    await expect(began).rejects.toThrow();
    expect(findPlugin("cpu")?.from).not.toBe("vae setup xla");
    const before = index.asked.filter(({ name }) => name.startsWith("lammps")).length;
    expect(before).toBeGreaterThan(0);
    await setupXla({ platform: "cpu", wheels, force: true });
    expectSetUp();
    expect(index.asked.filter(({ name }) => name.startsWith("lammps"))).toHaveLength(before);
  });

  it.each([0, 1])(
    "takes a wheel only with the hash that is known, by a pip that tells where it lies and by one that does not (%#)",
    async (python) => {
      const index = await packageIndex(FILES);
      useIndex(index, pythons[python]!);
      const [wheel] = wheels as [Wheel];
      const wrong = { ...wheel, sha256: wheel.sha256.replace(/./, (c) => (c === "0" ? "1" : "0")) };
      await expect(setupXla({ platform: "cpu", wheels: [wrong] })).rejects.toThrow(
        `expected SHA-256 ${wrong.sha256}, got ${wheel.sha256}`,
      );
      expect(findPlugin("cpu")?.from).not.toBe("vae setup xla");
      await setupXla({ platform: "cpu", wheels: [wheel] });
      expect(findPlugin("cpu")?.from).toBe("vae setup xla");
    },
  );

  it("asks whose plugin where no accelerator is seen, and for one at a time", async () => {
    const none = await vae(["setup", "xla"]);
    if (acceleratorsHere().length === 0) {
      expect(none).toMatchObject({ code: 1, stdout: "" });
      expect(none.stderr).toMatch(
        /^vae setup xla: no accelerator is seen here .*--cuda \(NVIDIA GPUs\), --rocm/,
      );
    }
    const two = await vae(["setup", "xla", "--cuda", "--tpu"]);
    expect(two.stderr).toContain("--cuda, --rocm, --tpu and --cpu exclude each other");
    expect(two.code).toBe(2);
  });

  it("adds the library of several GPUs for several GPUs alone", () => {
    const names = (gpus: number) => wheelsFor("cuda", gpus).map(({ name }) => name);
    expect(names(2)).toEqual([...names(1), "nvidia-nccl-cu13"]);
  });
});

describe("NVIDIA's driver", () => {
  it("says its version and its cards by files of the kernel", () => {
    const folder = join(own.folder, "driver");
    mkdirSync(join(folder, "gpus", "0000:01:00.0"), { recursive: true });
    writeFileSync(
      join(folder, "version"),
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC version: 12\n",
    );
    writeFileSync(
      join(folder, "gpus", "0000:01:00.0", "information"),
      "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 1\n",
    );
    expect(driverVersion(folder)).toBe("580.95.05");
    expect(gpuModels(folder)).toEqual(["NVIDIA H100 80GB HBM3"]);
    for (const name of ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"])
      writeFileSync(join(folder, name), "");
    expect(gpuCount(folder)).toBe(2);
  });

  it("is none where the kernel shows none", () => {
    expect(driverVersion(join(own.folder, "none"))).toBeUndefined();
    expect(gpuModels(join(own.folder, "none"))).toEqual([]);
  });

  it("too old for CUDA 13 is told before anything is downloaded", () => {
    expect(() => checkDriver("580.65.06")).not.toThrow();
    expect(() => checkDriver("550.54.14")).toThrow(
      "NVIDIA's driver is 550.54.14; CUDA 13 runs on 580 or later. Update it; or install jax[cuda12] in a Python",
    );
  });
});
