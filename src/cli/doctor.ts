import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Check } from "../setup/doctor/check.ts";
import { examples } from "./examples.ts";

/** Hidden: what `vae doctor` starts in a process of its own. */
const PROBE = "probe-tensorflow";

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
  program.command(PROBE, { hidden: true }).action(async () => {
    const { probe } = await import("../setup/doctor/probe.ts");
    await probe();
  });
}

async function allChecks(): Promise<Check[]> {
  const { folderChecks } = await import("../setup/doctor/folders.ts");
  const { machineChecks } = await import("../setup/doctor/machine.ts");
  const { computeChecks, gpuDriver, koffiCheck, libraryCheck } = await import(
    "../setup/doctor/tensorflow.ts"
  );
  const { wasmChecks } = await import("../setup/doctor/wasm.ts");
  const { runProbe } = await import("../setup/doctor/probe.ts");
  const library = [await koffiCheck(), libraryCheck()];
  const loadable = library.every((c) => c.state === "ok");
  const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
  return [
    ...machineChecks(),
    ...folderChecks(),
    ...(await wasmChecks()),
    ...library,
    ...(loadable ? computeChecks(runProbe([bin, PROBE]), gpuDriver()) : []),
  ];
}

function line({ name, state, text, remedy }: Check): string {
  const mark = { ok: "ok     ", note: "note   ", missing: "MISSING" }[state];
  return `${mark}  ${name}: ${text}${remedy === undefined ? "" : `\n         → ${remedy}`}`;
}
