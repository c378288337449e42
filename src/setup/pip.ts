import { spawn } from "node:child_process";
import { EngineError, type UserError } from "../errors.ts";

type Command = readonly [command: string, ...args: string[]];

/** pip, as this computer calls it. */
export interface Pip {
  readonly command: Command;
  readonly version: readonly [major: number, minor: number];
}

const NAMES: readonly Command[] = [["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]];

/** What pip is asked for, as errors say it. */
export interface Wanted {
  readonly name: string;
  /** The way without pip: what follows an "or". */
  readonly otherwise: string;
  /** Why the index may have none for this computer. */
  readonly needs: string;
}

const TENSORFLOW: Wanted = {
  name: "TensorFlow",
  otherwise: "get the wheel on another computer and type: vae setup tensorflow --wheel FILE",
  needs: "Linux needs glibc 2.27 or later (not musl) and pip 20.3 or later",
};

export interface Asked {
  readonly signal?: AbortSignal | undefined;
  /** Default: TensorFlow. */
  readonly wanted?: Wanted | undefined;
  /** Show what pip prints. */
  readonly show?: boolean;
}

/** pip ended with an error; `text` is what it printed on stderr. */
class PipFailed extends Error {
  constructor(readonly text: string) {
    super(text);
  }
}

/** @throws EngineError where there is no pip */
export async function findPip(signal?: AbortSignal, wanted = TENSORFLOW): Promise<Pip> {
  for (const command of NAMES) {
    try {
      const text = await run(command, ["--version"], { signal });
      const [, major, minor] = /^pip (\d+)\.(\d+)/.exec(text) ?? [];
      return { command, version: [Number(major ?? 0), Number(minor ?? 0)] };
    } catch (error) {
      if (signal?.aborted) throw error; // else: not there, or a Python without pip
    }
  }
  throw new EngineError(
    `pip, which knows where ${wanted.name}'s wheel is, was not found. Install Python 3 with pip (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip), or ${wanted.otherwise}`,
  );
}

/** What pip prints on stdout. @throws PipFailed, or the error of starting it */
export function runPip({ command }: Pip, args: readonly string[], asked: Asked = {}): Promise<string> {
  return run(command, args, asked);
}

function run(
  [command, ...first]: Command,
  args: readonly string[],
  { signal, show = false }: Asked,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      stdio: ["ignore", show ? "inherit" : "pipe", "pipe"],
      env: {
        ...process.env,
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PIP_USER: "0", // it contradicts --target
        PIP_REQUIRE_VIRTUALENV: "0", // nothing is installed into any Python
      },
      ...(signal === undefined ? {} : { signal }),
    });
    let [out, err] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      if (show) process.stderr.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new PipFailed(err || out))));
  });
}

/** What a user can do about a failure of pip, by what it printed; the first that matches. */
const remedies = ({ name, otherwise, needs }: Wanted): readonly (readonly [RegExp, string])[] => [
  [
    /Retrying|Max retries|NewConnectionError|ConnectionError|name resolution|ProxyError|timed out/,
    `the package index can't be reached. Check the network and the proxy (HTTPS_PROXY), or ${otherwise}`,
  ],
  [
    /SSLError|CERTIFICATE_VERIFY_FAILED/,
    "the package index's certificate is not trusted. Name your company's certificates in PIP_CERT.",
  ],
  [
    /401|403|credentials|Unauthorized/,
    "the package index refuses. Check the name and password in pip's settings.",
  ],
  [
    /DO NOT MATCH THE HASHES/,
    `the download is damaged, or a mirror serves another file than its index states. Try again, or ${otherwise}`,
  ],
  [/No space left/, "the disk is full: make room, or name another folder in TFJS_VAE_CACHE."],
  [
    /No matching distribution/,
    `the package index has no ${name} for this computer: ${needs}. Type: python3 -m pip install --upgrade pip; or use --backend wasm.`,
  ],
];

/** A failure of pip as a user's error, with what to do and pip's own last words. */
export function pipProblem(error: unknown, wanted = TENSORFLOW): UserError {
  const text = (error as Error).message.trim();
  const remedy = remedies(wanted).find(([pattern]) => pattern.test(text))?.[1];
  const last =
    text
      .split("\n")
      .filter((line) => /^ERROR/.test(line))
      .at(-1) ?? text.split("\n").at(-1);
  return new EngineError(
    `pip can't get ${wanted.name}: ${remedy ?? `see its own words, or ${wanted.otherwise}`}\n  pip says: ${last}`,
    { cause: error },
  );
}
