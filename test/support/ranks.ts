import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StepMetrics } from "../../src/experiment/training/loggers/step_metrics.ts";
import { freePorts } from "../../src/process/free_ports.ts";
import type { Gradients, GradientTask, Outcome, Task } from "./rank_member.ts";

const MEMBER = fileURLToPath(new URL("./rank_member.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** Processes that take tasks together. */
export class Members {
  private readonly children: readonly ChildProcess[];
  private readonly answers: readonly AsyncIterator<string>[];
  private errors = "";

  private constructor(nodes: readonly string[]) {
    this.children = nodes.map((_, rank) =>
      spawn(process.execPath, ["--import", TSX, MEMBER, String(rank), nodes.join(",")], {
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...process.env, TF_NUM_INTRAOP_THREADS: "1" },
      }),
    );
    this.answers = this.children.map((child) => {
      child.stderr!.on("data", (text) => {
        this.errors += text;
      });
      return createInterface(child.stdout!)[Symbol.asyncIterator]();
    });
  }

  static async start(count: number): Promise<Members> {
    return new Members(await freeNodes(count));
  }

  /** What each of them has come to. */
  async take(task: Task): Promise<Outcome[]>;
  async take(task: GradientTask): Promise<Gradients[]>;
  async take(task: Task | GradientTask): Promise<unknown[]> {
    for (const child of this.children) child.stdin!.write(`${JSON.stringify(task)}\n`);
    const lines = await Promise.all(this.answers.map((answer) => answer.next()));
    return lines.map(({ done, value }) => {
      const outcome = done ? { error: `it ended: ${this.errors}` } : JSON.parse(value);
      if (outcome.error !== undefined) throw new Error(`${JSON.stringify(task)}: ${outcome.error}`);
      return outcome;
    });
  }

  close(): void {
    for (const child of this.children) child.stdin!.end();
  }
}

/** So many addresses on this machine whose ports nobody uses now. */
export async function freeNodes(count: number): Promise<string[]> {
  return (await freePorts(count, "127.0.0.1")).map((port) => `127.0.0.1:${port}`);
}

/** The largest difference of a metric, as a share of it; of one below `floor`, of that. `of`: by its name. */
export function worstMetric(
  one: readonly StepMetrics[],
  several: readonly StepMetrics[],
  { floor = 1e-2, of = () => true }: { floor?: number; of?: (name: string) => boolean } = {},
): { off: number; name: string } {
  let worst = { off: 0, name: "" };
  for (const [step, metrics] of one.entries()) {
    const flat = ({ total, gradNorm, terms, scalars }: StepMetrics) => ({
      total,
      gradNorm,
      ...terms,
      ...scalars,
    });
    const found: Record<string, number> = flat(several[step]!);
    for (const [name, value] of Object.entries(flat(metrics))) {
      const off = Math.abs(found[name]! - value) / Math.max(floor, Math.abs(value));
      if (of(name) && !(off <= worst.off)) worst = { off, name: `${name} of step ${step + 1}` };
    }
  }
  return worst;
}
