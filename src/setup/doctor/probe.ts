import { spawnSync } from "node:child_process";
import { registerTensorFlow } from "../../backends/tensorflow/register.ts";
import { useBackend } from "../../backends/use_backend.ts";
import { UserError } from "../../errors.ts";
import { tf } from "../../tf.ts";

/** What TensorFlow said of itself. */
export interface Probed {
  readonly version: string;
  readonly device: string;
  readonly devices: readonly string[];
  /** From the start to the first result. */
  readonly milliseconds: number;
}

/** Why TensorFlow does not compute. */
export interface Failed {
  readonly problem: string;
  /** The problem's text says what to do. */
  readonly told?: boolean;
}

/** Before the line with the outcome; native code may print what it likes around it. */
const MARK = "tfjs-vae-probe ";
const LONGEST = 120_000;

/** Loads TensorFlow, multiplies two matrices and prints the outcome as a line. */
export async function probe(): Promise<void> {
  const began = performance.now();
  const outcome = await compute(began).catch((error: Error) => ({
    problem: error.message,
    told: error instanceof UserError,
  }));
  printOutcome(outcome);
}

/** The line that `runProbe` reads. */
export const printOutcome = (outcome: object): void => console.log(MARK + JSON.stringify(outcome));

async function compute(began: number): Promise<Probed> {
  const { version, device } = await useBackend("tensorflow");
  const product = tf.matMul(
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
    tf.tensor2d([
      [5, 6],
      [7, 8],
    ]),
  );
  const got = [...(await product.data())].join(" ");
  if (got !== "19 22 43 50") throw new Error(`[1 2; 3 4] [5 6; 7 8]: expected 19 22 43 50, got ${got}`);
  const { devices } = registerTensorFlow();
  return { version, device, devices, milliseconds: Math.round(performance.now() - began) };
}

/**
 * The outcome of a probe in a process of its own, which a library for another processor would kill.
 *
 * @param args the command line of that process, after node's own name
 */
export function runProbe<T = Probed>(args: readonly string[]): T | Failed {
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: LONGEST,
  });
  const line = stdout?.split("\n").find((l) => l.startsWith(MARK));
  if (line !== undefined) return JSON.parse(line.slice(MARK.length));
  if (signal !== null) return { problem: `the process was ended by ${signal}` };
  return { problem: error?.message ?? (stderr.trim().split("\n").at(-1) || `exit code ${status}`) };
}
