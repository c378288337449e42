import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, UserError } from "../../../src/errors.ts";
import { newestRun } from "../../../src/experiment/runs/find_runs.ts";
import { createRun, openRunFolder, type RunFolder } from "../../../src/experiment/runs/run_folder.ts";
import { isTemporary, temporaryFor } from "../../../src/files/atomic_file.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let logs: string;
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), "runs-"));
});
afterEach(() => rmSync(logs, { recursive: true, force: true }));

const message = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  throw new Error("no error was thrown");
};

const refusal = (path: string): Promise<string> =>
  openRunFolder(path).then(
    () => Promise.reject(new Error("no error was thrown")),
    (error) => {
      expect(error).toBeInstanceOf(UserError);
      return (error as Error).message;
    },
  );

/** A process that runs `code` with run_folder.ts's functions and then stays alive. */
function start(code: string): { child: ChildProcess; line: Promise<string> } {
  const source = `import { createRun, openRunFolder } from "./src/experiment/runs/run_folder.ts";
    ${code};
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", source], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = new Promise<string>((resolve) => {
    child.stdout!.once("data", (data: Buffer) => resolve(data.toString().trim()));
  });
  return { child, line };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL"); // no chance to clean up, as in a crash
  await gone;
}

describe("createRun", () => {
  it("makes the folder of a run and takes one above the highest version", () => {
    const first = createRun(logs, "DFCVAE");
    expect(first.path).toBe(join(logs, "DFCVAE", "version_0"));
    expect(readdirSync(first.path).sort()).toEqual(["checkpoints", "run.lock"]);
    mkdirSync(join(logs, "DFCVAE", "version_7"));
    mkdirSync(join(logs, "DFCVAE", "version_x"));
    expect(createRun(logs, "DFCVAE").path).toBe(join(logs, "DFCVAE", "version_8"));
    expect(createRun(logs, "Other").path).toBe(join(logs, "Other", "version_0"));
  });

  it("never takes a name that is there, whatever is there", () => {
    mkdirSync(join(logs, "A"));
    writeFileSync(join(logs, "A", "version_0"), "mine");
    expect(createRun(logs, "A").path).toBe(join(logs, "A", "version_1"));
    expect(readFileSync(join(logs, "A", "version_0"), "utf8")).toBe("mine");
  });

  it("gives processes that ask at the same time different runs", async () => {
    const at = Date.now() + 1500;
    const code = `while (Date.now() < ${at});
      const paths = Array.from({ length: 20 }, () => { const run = createRun(${JSON.stringify(logs)}, "A"); run.release(); return run.path; });
      console.log(JSON.stringify(paths))`;
    const started = [1, 2, 3].map(() => start(code));
    const paths = (await Promise.all(started.map((s) => s.line))).flatMap(
      (line) => JSON.parse(line) as string[],
    );
    await Promise.all(started.map((s) => end(s.child)));
    expect(new Set(paths).size).toBe(60);
  });

  it("says so where save_dir or a part of it is a file", () => {
    writeFileSync(join(logs, "file"), "");
    for (const dir of [join(logs, "file"), join(logs, "file", "below")]) {
      const text = message(() => createRun(dir, "A"));
      expect(text).toMatch(
        /^logging_params\.save_dir: expected a folder for the runs, got .*"\S+file" is a file/,
      );
    }
    expect(readFileSync(join(logs, "file"), "utf8")).toBe("");
  });

  it("says so where the folder can't be written to", () => {
    chmodSync(logs, 0o555);
    const root = process.geteuid?.() === 0; // root may write anywhere
    if (root) process.seteuid!(65534);
    try {
      const text = message(() => createRun(logs, "A"));
      expect(text).toMatch(
        /^logging_params\.save_dir: expected a folder to write to, got .*no permission: choose another/,
      );
      expect(() => createRun(logs, "A")).toThrow(ConfigError);
    } finally {
      if (root) process.seteuid!(0);
      chmodSync(logs, 0o755);
    }
  });

  it.each(["..", ".", "a/b", ""])("refuses the name %j, which would leave the folder", (name) => {
    expect(message(() => createRun(logs, name))).toMatch(
      /^logging_params\.name: expected the name of one folder/,
    );
  });
});

describe("openRunFolder", () => {
  it("opens a run again with the same paths", async () => {
    const created = createRun(logs, "A");
    created.release();
    const opened = await openRunFolder(created.path);
    const paths = (run: RunFolder) => ({ ...run, hold: 0, check: 0, saved: 0, remove: 0, release: 0 });
    expect(paths(opened)).toEqual(paths(created));
  });

  it("refuses a run that another process writes to, and names the process", async () => {
    const { child, line } = start(`console.log(createRun(${JSON.stringify(logs)}, "A").path)`);
    const path = await line;
    const text = await refusal(path);
    expect(text).toContain(`process ${child.pid} on ${hostname()} is writing to it`);
    await end(child);
  });

  it("takes over the lock of a process that was killed", async () => {
    const { child, line } = start(`console.log(createRun(${JSON.stringify(logs)}, "A").path)`);
    const path = await line;
    await end(child);
    expect(existsSync(join(path, "run.lock"))).toBe(true);
    (await openRunFolder(path)).release();
    expect(existsSync(join(path, "run.lock"))).toBe(false);
  });

  it("removes the lock's temporary file of a killed process, and leaves that of a living one", async () => {
    const { child, line } = start(`
      const run = createRun(${JSON.stringify(logs)}, "A");
      const { writeFileSync } = await import("node:fs");
      const { temporaryFor } = await import("./src/files/atomic_file.ts");
      writeFileSync(temporaryFor(run.lock), "");
      console.log(run.path)`);
    const path = await line;
    await end(child);
    const own = temporaryFor(join(path, "run.lock"));
    writeFileSync(own, "");
    expect(readdirSync(path).filter(isTemporary)).toHaveLength(2);
    (await openRunFolder(path)).release();
    expect(readdirSync(path).filter(isTemporary)).toEqual([basename(own)]);
  });

  it("lets one of several processes take over a dead lock", async () => {
    const run = createRun(logs, "A");
    run.release();
    writeFileSync(join(run.path, "run.lock"), "torn by a power failu");
    const code = `while (Date.now() < ${Date.now() + 1500});
      let got = "no"; try { await openRunFolder(${JSON.stringify(run.path)}); got = "yes"; } catch (e) { if (!/is writing/.test(e.message)) throw e; }
      console.log(got)`;
    const started = [1, 2, 3].map(() => start(code));
    const got = await Promise.all(started.map((s) => s.line));
    await Promise.all(started.map((s) => end(s.child)));
    expect(got.sort()).toEqual(["no", "no", "yes"]);
  });

  it("lists the runs that there are where the path has none", async () => {
    for (let i = 0; i < 3; i++) createRun(logs, "DFCVAE").release();
    const folder = join(logs, "DFCVAE");
    const text = await refusal(join(folder, "version_9"));
    expect(text).toContain(`--resume: no run "${join(folder, "version_9")}". Runs there: `);
    for (let i = 0; i < 3; i++) expect(text).toContain(join(folder, `version_${i}`));
    expect(await refusal(folder)).toContain(join(folder, "version_2"));
    expect(await refusal(join(logs, "DFCVEA", "version_1"))).toContain(
      `Did you mean "${join(folder, "version_1")}"?`,
    );
    expect(await refusal(join(folder, "version_1", "checkpoints", "last.safetensors"))).toContain(
      `Did you mean "${join(folder, "version_1")}"?`,
    );
    expect(await refusal(join(logs, "x", "y", "z"))).toContain("There are no runs near it");
  });
});

describe("newestRun", () => {
  it("is the highest version that has a checkpoint, by number", () => {
    expect(newestRun(logs, "A")).toBeUndefined();
    mkdirSync(join(logs, "A", "version_9", "checkpoints"), { recursive: true });
    mkdirSync(join(logs, "A", "version_10", "checkpoints"), { recursive: true });
    mkdirSync(join(logs, "A", "version_11", "checkpoints"), { recursive: true });
    expect(newestRun(logs, "A")).toBeUndefined();
    writeFileSync(join(logs, "A", "version_9", "checkpoints", "last.safetensors"), "");
    expect(newestRun(logs, "A")).toBe(join(logs, "A", "version_9"));
    writeFileSync(join(logs, "A", "version_10", "checkpoints", "last.safetensors"), "");
    expect(newestRun(logs, "A")).toBe(join(logs, "A", "version_10"));
  });
});
