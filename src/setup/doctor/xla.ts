import {
  acceleratorsHere,
  findPlugin,
  isTested,
  PLATFORMS,
  type Plugin,
  testedText,
  type XlaPlatform,
} from "../../backends/xla/plugins/index.ts";
import { UserError } from "../../errors.ts";
import { bytesText } from "../../text/numbers.ts";
import { driverVersion, gpuModels } from "../xla/nvidia.ts";
import { type Check, computes, note, ok } from "./check.ts";
import type { Failed } from "./probe.ts";
import type { XlaProbed } from "./probe_xla.ts";

type Probe = (platform: XlaPlatform) => Promise<XlaProbed | Failed>;

/**
 * Accelerators that are here, and the plugins for them: what is there, whether it computes, what is missing. Of the CPU's
 * plugin only where it is set up.
 *
 * @param probe computes with a platform's plugin in a process of its own
 */
export async function xlaChecks(probe: Probe): Promise<Check[]> {
  const here = acceleratorsHere();
  const checks: Check[] = [];
  for (const platform of here) checks.push(hardwareCheck(platform), ...(await pluginChecks(platform, probe)));
  if (here.length === 0)
    checks.push(ok("accelerator", "none is seen by its device files (NVIDIA, AMD, TPU); none is needed"));
  const { plugin, problem } = findOrProblem("cpu");
  return (plugin ?? problem) ? [...checks, ...(await pluginChecks("cpu", probe))] : checks;
}

function hardwareCheck(platform: XlaPlatform): Check {
  const { devices } = PLATFORMS[platform];
  if (platform !== "cuda") return ok("accelerator", `${devices}: their device files are there`);
  const cards = gpuModels();
  const driver = driverVersion();
  return ok(
    "accelerator",
    `${cards.length > 0 ? cards.join(", ") : devices}${driver === undefined ? "" : `, driver ${driver}`}`,
  );
}

async function pluginChecks(platform: XlaPlatform, probe: Probe): Promise<Check[]> {
  const name = `XLA's plugin for ${PLATFORMS[platform].devices}`;
  const setup = `npx vae setup xla --${platform}`;
  const { plugin, problem } = findOrProblem(platform);
  if (problem !== undefined) return [note(name, problem, "correct or unset it")];
  if (plugin === undefined) return [note(name, "not set up: --backend xla can't use them", setup)];
  const there = pluginCheck(name, plugin);
  const probed = await probe(platform);
  if ("problem" in probed)
    return [there, note(`xla:${platform}`, `does not compute: ${probed.problem}`, `${setup} --force`)];
  const { devices, version, memory, milliseconds } = probed;
  const size = memory === undefined ? "" : `, ${bytesText(memory)} of memory each`;
  const text = `computes on ${devicesText(devices)}${size} (${version}; compiled and run in ${milliseconds} ms)`;
  const backend = `xla:${platform}`;
  return [there, platform === "cpu" ? ok(backend, text) : computes(backend, text, backend)];
}

/** "2 H100, A100" of the kinds of three devices. */
export function devicesText(kinds: readonly string[]): string {
  return [...new Set(kinds)]
    .map((kind) => {
      const count = kinds.filter((k) => k === kind).length;
      return count === 1 ? kind : `${count} ${kind}`;
    })
    .join(", ");
}

function pluginCheck(name: string, plugin: Plugin): Check {
  const { file, version, from, platform } = plugin;
  const text = `${version ?? "of unknown version"} in ${file}, from ${from}`;
  if (isTested(plugin) !== false) return ok(name, text);
  return note(
    name,
    `${text}; ${testedText(platform)}`,
    `npx vae setup xla --${platform}, where this one fails`,
  );
}

function findOrProblem(platform: XlaPlatform): { plugin?: Plugin | undefined; problem?: string } {
  try {
    return { plugin: findPlugin(platform) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error.message };
  }
}
