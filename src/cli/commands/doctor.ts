import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Check } from "../../setup/doctor/check.ts";
import type { XlaProbed } from "../../setup/doctor/probe_xla.ts";
import { examples } from "../examples.ts";

/** Hidden: what `vae doctor` and `vae setup` start in a process of its own. */
const COMMAND = "probe-tensorflow";
const XLA_COMMAND = "probe-xla";
const BIN = fileURLToPath(new URL("../../../bin/vae.js", import.meta.url));
const PROBE = [BIN, COMMAND];

/** Why TensorFlow does not compute here; undefined where it does. */
export async function tensorFlowProblem(): Promise<string | undefined> {
  const { runProbe } = await import("../../setup/doctor/probe.ts");
  const probed = runProbe(PROBE);
  return "problem" in probed ? probed.problem : undefined;
}

/** What the plugin of a platform says of itself, or why it does not compute here. */
export async function probeXla(platform: string) {
  const { runProbe } = await import("../../setup/doctor/probe.ts");
  return runProbe<XlaProbed>([BIN, XLA_COMMAND, platform]);
}

/** `vae doctor`: says what is there, what is missing and what to type; exit code 1 where training can't start. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say what is there, what is missing and what to type")
    .addHelpText("after", examples({ "vae doctor": "exit code 1 where training can't start" }))
    .action(async () => {
      const checks = await allChecks();
      console.log(checks.map(line).join("\n"));
      const lacking = checks.filter((c) => c.state === "missing").length;
      if (lacking > 0) process.exitCode = 1;
      console.log(lacking > 0 ? `${lacking} missing: see the lines with →` : "ready to train");
    });
  program.command(COMMAND, { hidden: true }).action(async () => {
    const { probe } = await import("../../setup/doctor/probe.ts");
    await probe();
  });
  program
    .command(XLA_COMMAND, { hidden: true })
    .argument("<platform>")
    .action(async (platform: string) => {
      const { probeXla } = await import("../../setup/doctor/probe_xla.ts");
      await probeXla(platform);
    });
}

async function allChecks(): Promise<Check[]> {
  const { oneTrains } = await import("../../setup/doctor/check.ts");
  const { folderChecks } = await import("../../setup/doctor/folders.ts");
  const { machineChecks } = await import("../../setup/doctor/machine.ts");
  const { computeChecks, gpuDriver, koffiCheck, libraryCheck } = await import(
    "../../setup/doctor/tensorflow.ts"
  );
  const { wasmChecks } = await import("../../setup/doctor/wasm.ts");
  const { runProbe } = await import("../../setup/doctor/probe.ts");
  const { xlaChecks } = await import("../../setup/doctor/xla.ts");
  const library = [await koffiCheck(), libraryCheck()];
  const loadable = library.every((c) => c.state === "ok");
  const tensorflow = [...library, ...(loadable ? computeChecks(runProbe(PROBE), gpuDriver()) : [])];
  const xla = await xlaChecks(probeXla);
  return [...machineChecks(), ...folderChecks(), ...oneTrains(await wasmChecks(), tensorflow, xla)];
}

function line({ name, state, text, remedy }: Check): string {
  const mark = { ok: "ok     ", note: "note   ", missing: "MISSING" }[state];
  return `${mark}  ${name}: ${text}${remedy === undefined ? "" : `\n         → ${remedy}`}`;
}
