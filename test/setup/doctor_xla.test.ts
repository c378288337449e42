import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findPlugin, type XlaPlatform } from "../../src/backends/xla/plugins/index.ts";
import { probeXla } from "../../src/cli/commands/doctor.ts";
import { devicesText, xlaChecks } from "../../src/setup/doctor/xla.ts";
import { ownCache } from "../support/cache.ts";
import { dataFolder } from "../support/data.ts";

// The files of accelerators' drivers, which this machine need not have.
const here = vi.hoisted((): { platforms: string[] } => ({ platforms: [] }));
vi.mock("../../src/backends/xla/plugins/hardware.ts", () => ({ acceleratorsHere: () => here.platforms }));

const cpuPlugin = findPlugin("cpu");
ownCache();
beforeEach(() => {
  vi.stubEnv("PATH", "/nowhere"); // no Python with jax
  for (const name of ["CUDA", "ROCM", "TPU", "CPU"]) vi.stubEnv(`TFJS_VAE_XLA_${name}`, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});
const checksWith = (...platforms: XlaPlatform[]) => {
  here.platforms = platforms;
  return xlaChecks(probeXla);
};

describe("vae doctor of accelerators", () => {
  it("needs none", async () => {
    expect(await checksWith()).toEqual([
      {
        name: "accelerator",
        state: "ok",
        text: "none is seen by its device files (NVIDIA, AMD, TPU); none is needed",
      },
    ]);
  });

  it("says of one without a plugin what to type", async () => {
    expect(await checksWith("tpu")).toEqual([
      { name: "accelerator", state: "ok", text: "TPUs: their device files are there" },
      {
        name: "XLA's plugin for TPUs",
        state: "note",
        text: "not set up: --backend xla can't use them",
        remedy: "npx vae setup xla --tpu",
      },
    ]);
  });

  it("says why a plugin does not compute, or what is wrong with its name", async () => {
    const file = join(dataFolder({ "plugin.so": Buffer.from("no library") }), "plugin.so");
    vi.stubEnv("TFJS_VAE_XLA_ROCM", file);
    const [, there, computes] = await checksWith("rocm");
    expect(there).toMatchObject({ state: "ok", text: expect.stringContaining("from TFJS_VAE_XLA_ROCM") });
    expect(computes).toMatchObject({
      name: "xla:rocm",
      state: "note",
      text: expect.stringMatching(/^does not compute: .*plugin\.so: can't be loaded as a PJRT plugin/),
      remedy: "npx vae setup xla --rocm --force",
    });
    vi.stubEnv("TFJS_VAE_XLA_ROCM", `${file}.not`);
    expect((await checksWith("rocm"))[1]).toMatchObject({
      state: "note",
      text: expect.stringContaining("TFJS_VAE_XLA_ROCM: expected a PJRT plugin's file"),
    });
  });

  it.skipIf(cpuPlugin === undefined)("lets the processor's plugin compute where it is set up", async () => {
    vi.stubEnv("TFJS_VAE_XLA_CPU", cpuPlugin!.file);
    const checks = await checksWith();
    expect(checks.at(-1)).toMatchObject({
      name: "xla:cpu",
      state: "ok",
      text: expect.stringMatching(/^computes on cpu \(cpu, PJRT 0\.\d+; compiled and run in \d+ ms\)$/),
    });
  });

  it("counts devices by their kind", () => {
    expect(devicesText(["H100", "H100", "A100"])).toBe("2 H100, A100");
  });
});
