import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../src/process/free_ports.ts";

/** A Slurm of one user on this machine, with several nodes that are one slurmd each. */
export interface SlurmCluster {
  /** What Slurm's commands and those that call them need in their environment. */
  readonly env: { readonly SLURM_CONF: string };
  readonly nodes: readonly string[];
  /** Ends a node as a power failure does: its slurmd, its job steps and all that they started, by SIGKILL. */
  killNode(node: string): void;
  /** Starts a node that was killed. */
  startNode(node: string): void;
  /** Ends all of it and removes its folder. */
  stop(): Promise<void>;
}

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch"];
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Whether Slurm's and munge's programs are on this machine, with several slurmd on a host (as Debian builds it). */
export const hasSlurm = (): boolean =>
  PROGRAMS.every((name) => spawnSync("sh", ["-c", `command -v ${name}`], { env: { PATH } }).status === 0);

/** Starts one with these nodes, of one processor each, and waits until they are idle. @throws Error where they don't come */
export async function startSlurm(nodes: readonly string[]): Promise<SlurmCluster> {
  const folder = mkdtempSync(join(tmpdir(), "slurm-"));
  const [controller, ...ports] = await freePorts(nodes.length + 1, "127.0.0.1");
  const user = userInfo().username;
  const at = (name: string) => join(folder, name);
  for (const name of ["state", "spool"]) mkdirSync(at(name));
  writeFileSync(at("munge.key"), randomBytes(1024), { mode: 0o400 });
  const conf = at("slurm.conf");
  const host = hostname().split(".")[0]!;
  writeFileSync(
    conf,
    `ClusterName=throwaway
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
# A task that goes back to the queue waits until its credential is over.
AuthInfo=socket=${at("munge.socket")},cred_expire=5
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}/%n
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("%n.pid")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("%n.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
SlurmdTimeout=15
KillWait=20
ReturnToService=2
${nodes.map((node, i) => `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=1 RealMemory=4000`).join("\n")}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const env = { SLURM_CONF: conf };
  const running = new Map<string, ChildProcess>();
  const start = (name: string, program: string, args: readonly string[]) => {
    const child = spawn(program, args, { env: { ...process.env, ...env, PATH }, stdio: "ignore" });
    child.on("error", () => {}); // seen by what is waited for
    running.set(name, child);
  };
  const startNode = (node: string) => start(node, "slurmd", ["-D", "-f", conf, "-N", node]);
  const killNode = (node: string) => {
    const slurmd = running.get(node)!;
    const log = at(`${node}.log`);
    const steps = pidsOf().filter((pid) => isStepd(pid) && writesTo(pid, log));
    for (const pid of [slurmd.pid!, ...steps.flatMap(withDescendants)]) kill(pid);
    running.delete(node);
  };
  const stop = async () => {
    process.off("exit", killAll);
    for (const node of nodes) if (running.has(node)) killNode(node);
    const ended = [...running.values()].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of running.values()) child.kill("SIGTERM");
    await Promise.race([Promise.all(ended), sleep(5000)]);
    killAll();
    rmSync(folder, { recursive: true, force: true });
  };
  const killAll = () => {
    for (const child of running.values()) child.kill("SIGKILL");
  };
  process.on("exit", killAll);
  const files = ["socket", "pid-file", "log-file", "seed-file"].map(
    (name) => `--${name}=${at(`munge.${name.split("-")[0]}`)}`,
  );
  // --force: it would have root run it from folders of its own alone
  start("munged", "munged", ["--foreground", "--force", `--key-file=${at("munge.key")}`, ...files]);
  await sleep(500);
  start("slurmctld", "slurmctld", ["-D", "-f", conf]);
  for (const node of nodes) startNode(node);
  for (let i = 0; i < 60; i++) {
    await sleep(500);
    const { stdout } = spawnSync("sinfo", ["-h", "-N", "-o", "%N %T"], {
      env: { PATH, ...env },
      encoding: "utf8",
    });
    const idle = stdout.split("\n").filter((line) => / idle$/.test(line));
    if (idle.length === nodes.length) return { env, nodes, killNode, startNode, stop };
  }
  const said = execFileSync("sh", ["-c", `tail -n 5 ${folder}/*.log 2>&1 || true`], { encoding: "utf8" });
  await stop();
  throw new Error(`Slurm's nodes did not come up:\n${said}`);
}

const pidsOf = (): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const isStepd = (pid: number): boolean => /^slurmstepd:/.test(read(`/proc/${pid}/cmdline`));

/** Whether a process has a file open: a node's job step its node's log. */
function writesTo(pid: number, file: string): boolean {
  try {
    const open = readdirSync(`/proc/${pid}/fd`);
    return open.some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === file;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

/** A process and all that it has started, itself first. */
function withDescendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`)
    .trim()
    .split(" ")
    .filter((text) => text !== "");
  return [pid, ...children.map(Number).flatMap(withDescendants)];
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {} // it has ended
}
