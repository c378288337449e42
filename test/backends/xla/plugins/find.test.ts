import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { acceleratorsHere, openPlugin, tellCuda } from "../../../../src/backends/xla/plugins/index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plugins-"));
  vi.resetModules(); // what was found in a Python is kept for the process
  vi.stubEnv("TFJS_VAE_CACHE", join(folder, "cache"));
  vi.stubEnv("VIRTUAL_ENV", undefined);
  vi.stubEnv("CONDA_PREFIX", undefined);
  vi.stubEnv("XLA_FLAGS", undefined);
  for (const platform of ["CUDA", "ROCM", "TPU", "CPU"]) vi.stubEnv(`TFJS_VAE_XLA_${platform}`, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const find = () => import("../../../../src/backends/xla/plugins/index.ts");

function file(...parts: string[]): string {
  const path = join(folder, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  return path;
}

/** A Python that says it has its packages in `packages`. */
function pythonWith(packages: string): void {
  const python = file("env", "bin", "python3");
  writeFileSync(python, `#!/bin/sh\necho '["", "${packages}"]'\n`);
  chmodSync(python, 0o755);
  vi.stubEnv("VIRTUAL_ENV", join(folder, "env"));
}

describe("a plugin", () => {
  it("is the file that the platform's variable names", async () => {
    const { findPlugin } = await find();
    const named = file("any.so");
    vi.stubEnv("TFJS_VAE_XLA_TPU", named);
    const expected = { platform: "tpu", file: named, version: undefined, from: "TFJS_VAE_XLA_TPU" };
    expect(findPlugin("tpu")).toEqual(expected);
    expect(findPlugin()).toEqual(expected);
    vi.stubEnv("TFJS_VAE_XLA_TPU", `${named}.not`);
    expect(() => findPlugin()).toThrow(`TFJS_VAE_XLA_TPU: expected a PJRT plugin's file, got ${named}.not`);
  });

  it("else that of vae setup xla, once it is whole", async () => {
    const { findPlugin, isTested } = await find();
    const plugin = file("cache", "xla", "cpu", "lammps_jax_pjrt_cpu", "pjrt_c_api_cpu_plugin.so");
    file("cache", "xla", "cpu", "lammps_jax_pjrt_cpu-0.11.2.dist-info", "METADATA");
    pythonWith(join(folder, "none"));
    expect(findPlugin("cpu")?.from).not.toBe("vae setup xla");
    file("cache", "xla", "cpu", "manifest.json");
    const found = findPlugin("cpu");
    expect(found).toEqual({ platform: "cpu", file: plugin, version: "0.11.2", from: "vae setup xla" });
    expect(isTested(found!)).toBe(true);
    expect(isTested({ ...found!, version: "0.11.3" })).toBe(false);
    expect(isTested({ ...found!, version: undefined })).toBeUndefined();
  });

  it("else that of the activated Python, the newest CUDA's", async () => {
    const { findPlugin } = await find();
    const packages = join(folder, "env", "lib");
    for (const cuda of ["xla_cuda9", "xla_cuda12", "xla_cuda13"])
      file("env", "lib", "jax_plugins", cuda, "xla_cuda_plugin.so");
    file("env", "lib", "jax_plugins", "xla_cuda_other", "xla_cuda_plugin.so");
    file("env", "lib", "jax_cuda13_plugin-0.11.0.dist-info", "METADATA");
    file("env", "lib", "jax_cuda13_pjrt-0.11.2.dist-info", "METADATA");
    pythonWith(packages);
    expect(findPlugin("cuda")).toEqual({
      platform: "cuda",
      file: join(packages, "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so"),
      version: "0.11.2",
      from: join(folder, "env", "bin", "python3"),
    });
  });

  it("that is missing is told with what to type", async () => {
    const { pluginFor } = await find();
    vi.stubEnv("PATH", folder); // no python3
    expect(() => pluginFor("cuda")).toThrow(
      "--backend xla:cuda: no PJRT plugin is there. Get one: npx vae setup xla --cuda; or name its file in TFJS_VAE_XLA_CUDA; or use --backend wasm, which needs nothing.",
    );
    expect(() => pluginFor()).toThrow("npx vae setup xla; or name its file in TFJS_VAE_XLA_CUDA, …_ROCM");
  });
});

describe("accelerators", () => {
  const TPU = "sys/bus/pci/devices/0000:00:04.0";
  it.each([
    [["dev/nvidiactl"], ["cuda"]],
    [["usr/lib/wsl/lib/libcuda.so.1"], ["cuda"]],
    [
      ["dev/kfd", "dev/nvidia0"],
      ["cuda", "rocm"],
    ],
    [["dev/vfio/0"], []],
  ])("are told by their drivers' files: %j", (files, platforms) => {
    for (const name of files) file(name);
    expect(acceleratorsHere(folder)).toEqual(platforms);
  });

  it.each([
    ["0x1ae0", "0x0063", ["tpu"]],
    ["0x1ae0", "0x0042", []], // a network card of Google's
    ["0x10de", "0x0063", []],
  ])("of Google's make by the numbers of their PCI device: %s %s", (vendor, device, platforms) => {
    writeFileSync(file(TPU, "vendor"), `${vendor}\n`);
    writeFileSync(file(TPU, "device"), `${device}\n`);
    expect(acceleratorsHere(folder)).toEqual(platforms);
  });
});

describe("tellCuda", () => {
  const plugin = (version?: string) =>
    ({
      platform: "cuda",
      file: file("site", "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so"),
      version,
      from: "a test",
    }) as const;

  it("names the folder of ptxas beside the plugin, before a user's flags and not over them", () => {
    tellCuda(plugin());
    expect(process.env.XLA_FLAGS).toBeUndefined();
    file("site", "nvidia", "cu13", "bin", "ptxas");
    vi.stubEnv("XLA_FLAGS", "--xla_a=1");
    tellCuda(plugin());
    const told = `--xla_gpu_cuda_data_dir=${join(folder, "site", "nvidia", "cu13")} --xla_a=1`;
    expect(process.env.XLA_FLAGS).toBe(told);
    tellCuda(plugin());
    expect(process.env.XLA_FLAGS).toBe(told);
  });

  it("has versions that were tested record convolutions, unless the user says what is recorded", () => {
    tellCuda(plugin("0.4.1")); // would end at a value that it does not know
    expect(process.env.XLA_FLAGS).toBeUndefined();
    tellCuda(plugin("0.11.2"));
    expect(process.env.XLA_FLAGS).toMatch(/^--xla_gpu_enable_command_buffer=FUSION,.*CUDNN.*,CONVOLUTION$/);
    vi.stubEnv("XLA_FLAGS", "--xla_gpu_enable_command_buffer=");
    tellCuda(plugin("0.11.2"));
    expect(process.env.XLA_FLAGS).toBe("--xla_gpu_enable_command_buffer=");
  });
});

it("TFJS_VAE_XLA_CPU_DEVICES is a number of devices, told before a plugin is loaded", () => {
  vi.stubEnv("TFJS_VAE_XLA_CPU_DEVICES", "two");
  const plugin = {
    file: join(folder, "none.so"),
    platform: "cpu",
    version: undefined,
    from: "here",
  } as const;
  expect(() => openPlugin(plugin)).toThrow('TFJS_VAE_XLA_CPU_DEVICES: expected 1 to 99, got "two".');
});
