import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface VaeOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the process, to end it from outside. */
  readonly started?: (child: ChildProcess) => void;
  /** Sent once, as soon as the output so far has this text. */
  readonly signalAt?: { readonly text: string; readonly signal: NodeJS.Signals };
}

/** The command as a user types it, in a process of its own. */
export function vae(
  args: readonly string[],
  { cwd, env, started, signalAt }: VaeOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...process.env, ...env } });
  started?.(child);
  const out = { stdout: "", stderr: "" };
  let sent = false;
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      out[name] += text;
      if (sent || signalAt === undefined || !out[name].includes(signalAt.text)) return;
      sent = true;
      child.kill(signalAt.signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...out }));
  });
}
