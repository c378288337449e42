import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { takeLock } from "../../../src/experiment/runs/run_lock.ts";
import { allTests } from "../../support/all_tests.ts";
import { canBeElsewhere, elsewhere, numberHere } from "../../support/elsewhere.ts";
import { withoutRoot } from "../../support/nobody.ts";

const source = new URL("../../../src/experiment/runs/run_lock.ts", import.meta.url);
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-locks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(root, `${files++}.lock`);

interface Holding {
  readonly child: ChildProcess;
  /** Its number as it knows it itself. */
  readonly pid: number;
  kill(): Promise<void>;
}

/** A process that holds the lock until it is killed; what it does besides is `work`. */
async function holder(file: string, { away = false, work = "" } = {}): Promise<Holding> {
  const text = `const { takeLock } = await import(${JSON.stringify(source.href)});
    globalThis.lock = await takeLock(${JSON.stringify(file)}, "the run");
    console.log(process.pid); setInterval(() => {}, 1e6); ${work}`;
  const node = [process.execPath, "--import", "tsx", "--input-type=module", "-e", text];
  const command = away ? elsewhere(node) : node;
  const child = spawn(command[0]!, command.slice(1), {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["ignore", "pipe", "ignore"], // one that is refused says so
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const pid = await new Promise<number>((resolve, reject) => {
    child.stdout!.once("data", (data: Buffer) => resolve(Number(data)));
    void gone.then(() => reject(new Error("the holder ended")));
  });
  const kill = () => {
    child.kill("SIGKILL");
    return gone;
  };
  return { child, pid, kill };
}

const refused = (file: string, said: string[] = []) =>
  takeLock(file, "the run", (text) => said.push(text)).then(
    () => "",
    (error: Error) => error.message,
  );

it("a lock is refused where files can't be changed in place, since its holder would seem dead elsewhere", async () => {
  const place = mkdtempSync(join(tmpdir(), "tfjs-vae-fixed-"));
  const before = process.umask(0o777); // files that their own user can't open again
  try {
    const taking = withoutRoot(place, () => takeLock(join(place, "x.lock"), "the run"));
    await expect(taking).rejects.toThrow(
      /x\.lock: expected a file system that changes files in place, .*EACCES.*Keep runs on a disk or a network drive/,
    );
  } finally {
    process.umask(before);
  }
  expect(readdirSync(place)).toEqual([]);
  rmSync(place, { recursive: true });
});

describe.concurrent("a lock", () => {
  it("is refused after some seconds while its holder lives, with its number", async () => {
    const file = newFile();
    const { pid, kill } = await holder(file);
    const said: string[] = [];
    expect(await refused(file, said)).toMatch(
      new RegExp(
        `^the run: process ${pid} on ${hostname()} is writing to it since \\d{4}-.*Wait until it ends`,
      ),
    );
    expect(said).toEqual([
      `the run: waiting up to 5 s to see whether process ${pid} on ${hostname()} still writes to it`,
    ]);
    await kill();
  });

  it("is had as soon as its holder ends, and is then gone", async () => {
    const file = newFile();
    const { kill } = await holder(file, { work: "setTimeout(() => process.exit(), 2000)" });
    const lock = await takeLock(file, "the run");
    expect(lock.owner()).toBe("own");
    lock.release();
    expect(existsSync(file)).toBe(false);
    await kill();
  });

  it.runIf(process.platform === "linux")(
    "is had at once after kill -9, also while its holder gives back its memory and nobody has waited for it",
    async () => {
      const file = newFile();
      // 2 GB to give back; its parent, a shell that sleeps, never waits for it.
      const hold = `const { takeLock } = await import(${JSON.stringify(source.href)});
        globalThis.lock = await takeLock(${JSON.stringify(file)}, "the run");
        globalThis.much = Array.from({ length: 8 }, () => new Uint8Array(1 << 28).fill(1));
        console.log(process.pid); setInterval(() => {}, 1e6);`;
      const script = `"$@" & exec sleep 60`;
      const args = [
        "-c",
        script,
        "sh",
        process.execPath,
        "--import",
        "tsx",
        "--input-type=module",
        "-e",
        hold,
      ];
      const shell = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
      const pid = await new Promise<number>((resolve) =>
        shell.stdout.once("data", (data) => resolve(Number(data))),
      );
      process.kill(pid, "SIGKILL");
      const began = performance.now();
      const lock = await takeLock(file, "the run");
      expect(performance.now() - began).toBeLessThan(4000);
      const state = () => readFileSync(`/proc/${pid}/stat`, "latin1");
      while (!/\) Z /.test(state())) await pause(100); // still there, in the end defunct
      lock.release();
      shell.kill("SIGKILL");
    },
  );

  it.runIf(process.platform === "linux")(
    "is taken over where a later process has its holder's number",
    async () => {
      const file = newFile();
      const lock = await takeLock(file, "the run");
      const own = JSON.parse(readFileSync(file, "utf8"));
      lock.release();
      writeFileSync(file, JSON.stringify({ ...own, pid: process.ppid, born: "1" }));
      (await takeLock(file, "the run")).release();
    },
  );

  it("is taken over where no process of ours wrote it", async () => {
    const file = newFile();
    writeFileSync(file, "torn by a power failu");
    (await takeLock(file, "the run")).release();
  });

  it.skipIf(!canBeElsewhere)(
    "of another host is refused while its holder lives, however busy it is, and whatever runs here under its number",
    async () => {
      const file = newFile();
      const busy = "setTimeout(() => { for (const end = Date.now() + 60e3; Date.now() < end; ); }, 10)";
      const { pid, kill } = await holder(file, { away: true, work: busy });
      expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ host: "node7", pid });
      const text = await refused(file);
      expect(text).toContain(`process ${pid} on node7 is writing to it`);
      await kill();
    },
  );

  it.skipIf(!canBeElsewhere)(
    "of another host is taken over when it no longer beats, and its holder sees that on waking",
    async () => {
      const file = newFile();
      const work = `process.on("SIGUSR2", () => console.log(lock.owner()));`;
      const { child, kill } = await holder(file, { away: true, work });
      const inside = numberHere(child.pid!);
      process.kill(inside, "SIGSTOP");
      const began = performance.now();
      const said: string[] = [];
      const lock = await takeLock(file, "the run", (text) => said.push(text));
      expect(performance.now() - began).toBeGreaterThan(14_000);
      expect(said).toEqual([
        expect.stringMatching(/^the run: waiting up to 15 s to see whether process \d+ on node7/),
      ]);
      process.kill(inside, "SIGCONT");
      await pause(3000); // a beat or two of the one that woke
      expect(lock.owner()).toBe("own");
      const answer = new Promise((resolve) =>
        child.stdout!.once("data", (data) => resolve(String(data).trim())),
      );
      process.kill(inside, "SIGUSR2");
      expect(await answer).toBe("other");
      lock.release();
      await kill();
    },
  );

  it.runIf(canBeElsewhere && allTests)("that two other hosts wait for goes to one of them", async () => {
    const file = newFile();
    const dead = await holder(file, { away: true });
    await dead.kill();
    const here = takeLock(file, "the run");
    const there = holder(file, { away: true });
    const got = await Promise.allSettled([here, there]); // whoever has it lives until the other is refused
    if (got[0].status === "fulfilled") got[0].value.release();
    if (got[1].status === "fulfilled") await got[1].value.kill();
    expect(got.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
}, 60_000);
