import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Less what tells of packing a data set: whether one is packed depends on the tests before. */
  readonly stderr: string;
}

const PACKING = /^packing \S+: \d+ of \d+(, .* left)?\n/gm;

export interface VaeOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the process, to end it from outside. */
  readonly started?: (child: ChildProcess) => void;
  /** Sent once, as soon as the output so far has this text. */
  readonly signalAt?: { readonly text: string; readonly signal: NodeJS.Signals };
}

/** The command as a user types it, in a process of its own. */
export function vae(args: readonly string[], options: VaeOptions = {}): Promise<Ended> {
  const { child, ended, said } = startVae(args, options);
  options.started?.(child);
  const { signalAt } = options;
  if (signalAt !== undefined)
    void said(signalAt.text).then(
      () => child.kill(signalAt.signal),
      () => {}, // it ended before, which the test sees
    );
  return ended;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /**
   * Resolves, with what came before it, as soon as what it has said since the last call holds `text`; rejects where it
   * ends before.
   */
  said(text: string): Promise<string>;
}

/** As `vae`, for a test that does something while it runs. */
export function startVae(args: readonly string[], { cwd, env }: VaeOptions = {}): Started {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...process.env, ...env } });
  const out = { stdout: "", stderr: "" };
  let fresh = "";
  let look = () => {};
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      out[name] += text;
      fresh += text;
      look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: out.stdout, stderr: out.stderr.replace(PACKING, "") }),
    );
  });
  const said = (text: string) =>
    new Promise<string>((resolve, reject) => {
      look = () => {
        const at = fresh.indexOf(text);
        if (at < 0) return;
        const before = fresh.slice(0, at);
        fresh = fresh.slice(at + text.length);
        look = () => {};
        resolve(before);
      };
      look();
      void ended.then(({ stdout, stderr }) =>
        reject(new Error(`ended without "${text}": ${stdout}${stderr}`)),
      );
    });
  return { child, ended, said };
}
