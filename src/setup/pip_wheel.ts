import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Asked, type Pip, pipProblem, runPip } from "./pip.ts";

export interface WheelPlace {
  /** http, https or file. */
  readonly url: string;
  readonly sha256: string | undefined;
}

/**
 * The library is the same in the wheels of every Python. One is named, so that pip finds a wheel whatever
 * Python it runs on.
 */
const FOR_PYTHON = ["--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12"];

/** From that version on pip tells where a wheel is without downloading it whole. */
const TELLS = [25, 3] as const;

interface Report {
  readonly install: readonly {
    readonly download_info: {
      readonly url: string;
      readonly archive_info?: { readonly hash?: string; readonly hashes?: { readonly sha256?: string } };
    };
  }[];
}

/**
 * Where pip would get a wheel from, mirrors and settings respected; undefined for a pip before 25.3,
 * which downloads the wheel to tell, or can't tell at all. `scratch` is a folder that it may use.
 *
 * @throws UserError
 */
export async function locateWheel(
  pip: Pip,
  requirement: string,
  scratch: string,
  asked: Asked,
): Promise<WheelPlace | undefined> {
  const [major, minor] = pip.version;
  if (major < TELLS[0] || (major === TELLS[0] && minor < TELLS[1])) return undefined;
  const args = ["install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-"];
  try {
    const out = await runPip(pip, [...args, ...FOR_PYTHON, "--target", scratch, requirement], asked);
    const info = (JSON.parse(out) as Report).install[0]?.download_info;
    const archive = info?.archive_info;
    const sha256 = archive?.hashes?.sha256 ?? archive?.hash?.match(/^sha256=(.+)$/)?.[1];
    return info && { url: info.url, sha256 };
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    if (error instanceof SyntaxError) return undefined;
    throw pipProblem(error, asked.wanted);
  }
}

/** The wheel's file, downloaded whole by pip into `folder`, which holds nothing else. @throws UserError */
export async function downloadWheel(
  pip: Pip,
  requirement: string,
  folder: string,
  asked: Asked,
): Promise<string> {
  try {
    await runPip(pip, ["download", "--no-deps", ...FOR_PYTHON, "--dest", folder, requirement], asked);
  } catch (error) {
    throw asked.signal?.aborted ? error : pipProblem(error, asked.wanted);
  }
  const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw pipProblem(new Error(`it left no wheel in ${folder}`), asked.wanted);
  return join(folder, wheel);
}

/** Installs a requirement and all that it needs into `folder`. @throws UserError */
export async function installWithDependencies(
  pip: Pip,
  requirement: string,
  folder: string,
  asked: Asked,
): Promise<void> {
  try {
    await runPip(pip, ["install", ...FOR_PYTHON, "--target", folder, requirement], asked);
  } catch (error) {
    throw asked.signal?.aborted ? error : pipProblem(error, asked.wanted);
  }
}
