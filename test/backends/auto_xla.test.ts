import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { acceleratorPlugin, findPlugin, type XlaPlatform } from "../../src/backends/xla/plugins/index.ts";
import type { Config } from "../../src/config/schema.ts";
import { backendFor } from "../../src/experiment/timing/choose_backend.ts";
import { ownCache } from "../support/cache.ts";
import { dataFolder } from "../support/data.ts";

// The device files of accelerators, which this machine need not have.
const here = vi.hoisted((): { platforms: string[] } => ({ platforms: [] }));
vi.mock("../../src/backends/xla/plugins/hardware.ts", () => ({ acceleratorsHere: () => here.platforms }));

const cpuPlugin = findPlugin("cpu");
const said: string[] = [];
const auto = async () => (await useBackend("auto", { say: (text) => said.push(text) })).name;
ownCache();
beforeEach(() => {
  said.length = 0;
  here.platforms = [];
  vi.stubEnv("PATH", "/nowhere"); // no Python with jax
  for (const name of ["CUDA", "ROCM", "TPU", "CPU"]) vi.stubEnv(`TFJS_VAE_XLA_${name}`, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});
const have = (...platforms: XlaPlatform[]) => {
  here.platforms = platforms;
};

describe("auto", () => {
  it("says what to type where an accelerator has no plugin", async () => {
    have("cuda");
    expect(await auto()).toBe("wasm");
    const note = "note   NVIDIA GPUs are here; npx vae setup xla --cuda lets them train";
    expect(said).toEqual([note]);
    const choosing = { configs: [], baseDir: ".", say: (text: string) => said.push(text) };
    expect((await backendFor("auto", choosing)).name).toBe("wasm");
    expect(said).toEqual([note, note]);
  });

  it("leaves an accelerator out with the reason where its plugin can't be used", async () => {
    have("rocm");
    const file = join(dataFolder({ "plugin.so": Buffer.from("no library") }), "plugin.so");
    vi.stubEnv("TFJS_VAE_XLA_ROCM", file);
    expect(await auto()).toBe("wasm");
    expect(said).toEqual([
      expect.stringMatching(
        /^note {3}backend xla is left out, wasm computes: .*can't be loaded as a PJRT plugin/,
      ),
    ]);
    vi.stubEnv("TFJS_VAE_XLA_ROCM", `${file}.not`);
    said.length = 0;
    expect(await auto()).toBe("wasm");
    expect(said).toEqual([expect.stringMatching(/TFJS_VAE_XLA_ROCM: expected a PJRT plugin's file/)]);
  });

  it("never takes the processor's plugin by itself", async () => {
    vi.stubEnv("TFJS_VAE_XLA_CPU", cpuPlugin?.file ?? import.meta.filename);
    expect(acceleratorPlugin()).toBeUndefined();
    expect([await auto(), said]).toEqual(["wasm", []]);
  });

  it("has an unknown backend's name listed with xla's", async () => {
    await expect(useBackend("xla:cud")).rejects.toThrow(
      /xla, xla:cuda, xla:rocm, .*Did you mean "xla:cuda"\?/,
    );
  });

  // Last: a process has one plugin. The processor's takes the place of an accelerator's.
  it.skipIf(cpuPlugin === undefined)("takes the accelerator that is here, and measures nothing", async () => {
    have("tpu", "rocm");
    vi.stubEnv("TFJS_VAE_XLA_CPU", cpuPlugin!.file);
    vi.stubEnv("TFJS_VAE_XLA_TPU", cpuPlugin!.file);
    expect(findPlugin()?.platform).toBe("tpu");
    expect(await auto()).toBe("xla");
    expect(said).toEqual([]);
    const trainer_params = { precision: "float32", devices: 1, compile: true };
    const configs = [{ trainer_params, data_params: { train_batch_size: 4 } } as Config];
    const choosing = { configs, baseDir: ".", say: (text: string) => said.push(text) };
    expect((await backendFor("measure", choosing)).name).toBe("xla");
    expect(said).toEqual([]);
  });
});
