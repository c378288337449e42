import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { TRY_AGAIN } from "../../../src/errors.ts";
import { heldBy, openNewest } from "../../../src/experiment/runs/newest_run.ts";
import { folder } from "../../support/configs.ts";
import { canBeElsewhere, elsewhere, numberHere } from "../../support/elsewhere.ts";

const source = new URL("../../../src/experiment/runs/newest_run.ts", import.meta.url);
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A process on another host that has the newest run of `logs/faces` and begins one at SIGUSR2. */
async function awayWith(cwd: string): Promise<{ child: ChildProcess; said(): Promise<string> }> {
  const text = `const { openNewest } = await import(${JSON.stringify(source.href)});
    const newest = await openNewest(${JSON.stringify(join(cwd, "logs"))}, "faces");
    process.on("SIGUSR2", () => { try { console.log(newest.create().path); } catch (e) { console.log(e.exitCode, e.message); } });
    console.log("has it"); setInterval(() => {}, 1e6);`;
  const [command, ...args] = elsewhere([
    process.execPath,
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    text,
  ]);
  const child = spawn(command!, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const said = () =>
    new Promise<string>((resolve) => child.stdout!.once("data", (text) => resolve(String(text).trim())));
  expect(await said()).toBe("has it");
  return { child, said };
}

it("one process at a time has the right to a name's newest run, before there is one too", async () => {
  const logs = join(folder({}), "logs");
  const first = await openNewest(logs, "faces");
  expect([first.found, heldBy(join(logs, "faces"))?.host]).toEqual([undefined, hostname()]);
  const refused = await openNewest(logs, "faces").catch((error) => error);
  expect([refused.exitCode, refused.message]).toEqual([
    TRY_AGAIN,
    expect.stringMatching(
      new RegExp(`/faces: process ${process.pid} on ${hostname()} is writing to it since `),
    ),
  ]);
  const run = first.create();
  writeFileSync(join(run.checkpoints, "last.safetensors"), "");
  run.release();
  first.release();
  expect(heldBy(join(logs, "faces"))).toBeUndefined();
  const second = await openNewest(logs, "faces");
  expect(second.found?.path).toBe(run.path);
  second.release();
  expect(readdirSync(join(logs, "faces"))).toEqual(["version_0"]);
}, 60_000);

it.skipIf(!canBeElsewhere)(
  "that of a host that no longer answers is had after 15 s and not before, and that host then begins none",
  async () => {
    const cwd = folder({});
    mkdirSync(join(cwd, "logs"));
    const { child, said } = await awayWith(cwd);
    const away = numberHere(child.pid!);
    process.kill(away, "SIGSTOP");
    const began = performance.now();
    const newest = await openNewest(join(cwd, "logs"), "faces");
    expect(performance.now() - began).toBeGreaterThan(14_000);
    const run = newest.create();
    process.kill(away, "SIGCONT");
    process.kill(away, "SIGUSR2");
    expect(await said()).toMatch(new RegExp(`^${TRY_AGAIN} .*another process has gone on with this run`));
    expect(readdirSync(join(cwd, "logs/faces")).filter((name) => name.startsWith("version"))).toEqual([
      "version_0",
    ]);
    run.release();
    newest.release();
    process.kill(away, "SIGKILL");
  },
  60_000,
);
