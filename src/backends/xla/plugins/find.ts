import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../../errors.ts";
import { inCache } from "../../../files/cache_dir.ts";
import { acceleratorsHere } from "./hardware.ts";
import { inPackages, type PackagedPlugin } from "./packages.ts";
import { PLATFORMS, variableOf, type XlaPlatform, xlaPlatforms } from "./platforms.ts";
import { packageFolders, pythons } from "./python.ts";

export interface Plugin extends PackagedPlugin {
  readonly platform: XlaPlatform;
  /** How it was found: the environment variable's name, "vae setup xla" or a Python. */
  readonly from: string;
}

/** Where `vae setup xla` puts a platform's packages. */
export const pluginFolder = (platform: XlaPlatform): string => inCache("xla", platform);

/**
 * The plugin of a platform: the file that TFJS_VAE_XLA_… names, else that of `vae setup xla`, else that of a Python with
 * jax. Without a platform the first accelerator's whose variable is set, else that of one that is here, else the CPU's.
 */
export function findPlugin(platform?: XlaPlatform): Plugin | undefined {
  if (platform !== undefined) return named(platform) ?? inOwnCache(platform) ?? inPython(platform);
  for (const accelerator of xlaPlatforms) {
    const found = accelerator === "cpu" ? undefined : named(accelerator);
    if (found !== undefined) return found;
  }
  return acceleratorPlugin() ?? findPlugin("cpu");
}

/** The plugin of an accelerator that is here, for a choice that nobody made; never the CPU's. */
export function acceleratorPlugin(): Plugin | undefined {
  for (const platform of acceleratorsHere()) {
    const found = findPlugin(platform);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `findPlugin`. @throws EngineError where there is none */
export function pluginFor(platform?: XlaPlatform): Plugin {
  const found = findPlugin(platform);
  if (found !== undefined) return found;
  const [asked, setup, variable] =
    platform === undefined
      ? ["xla", "vae setup xla", "TFJS_VAE_XLA_CUDA, …_ROCM, …_TPU or …_CPU"]
      : [`xla:${platform}`, `vae setup xla --${platform}`, variableOf(platform)];
  throw new EngineError(
    `--backend ${asked}: no PJRT plugin is there. Get one: npx ${setup}; or name its file in ${variable}; or use --backend wasm, which needs nothing.`,
  );
}

/** Whether a plugin's version is one that was tested; undefined where it is not known. */
export function isTested({ platform, version }: Plugin): boolean | undefined {
  return version === undefined ? undefined : PLATFORMS[platform].tested.includes(version);
}

/** Which versions were tested, half a sentence. */
export function testedText(platform: XlaPlatform): string {
  const { tested } = PLATFORMS[platform];
  return tested.length === 0 ? "none was tested" : `tested is ${tested.join(", ")}`;
}

/** @throws EngineError where the variable names what is not there */
function named(platform: XlaPlatform): Plugin | undefined {
  const variable = variableOf(platform);
  const file = process.env[variable];
  if (!file) return undefined;
  if (existsSync(file)) return { platform, file, version: undefined, from: variable };
  throw new EngineError(
    `${variable}: expected a PJRT plugin's file, got ${file}, where none is. Correct or unset it.`,
  );
}

function inOwnCache(platform: XlaPlatform): Plugin | undefined {
  const folder = pluginFolder(platform);
  if (!existsSync(join(folder, "manifest.json"))) return undefined; // half of one
  const found = inPackages(folder, platform);
  return found && { platform, ...found, from: "vae setup xla" };
}

const pythonPlugins = new Map<XlaPlatform, Plugin | undefined>();

/** Looked for once: a Python has to be started for it. */
function inPython(platform: XlaPlatform): Plugin | undefined {
  if (!pythonPlugins.has(platform)) pythonPlugins.set(platform, lookIntoPythons(platform));
  return pythonPlugins.get(platform);
}

function lookIntoPythons(platform: XlaPlatform): Plugin | undefined {
  for (const python of pythons()) {
    for (const folder of packageFolders(python)) {
      const found = inPackages(folder, platform);
      if (found !== undefined) return { platform, ...found, from: python };
    }
  }
  return undefined;
}
