import { execFile } from "node:child_process";
import { UserError } from "../../errors.ts";

/** What a program came to. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  /** Without the white space around it. */
  readonly stderr: string;
}

/** Longest time that a queue may take to answer, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Runs one of a queue's programs to its end.
 *
 * @param missing what to say where there is no such program
 * @throws UserError with `missing`
 */
export function runProgram(
  program: string,
  args: readonly string[],
  missing: string,
  input = "",
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { encoding: "utf8", maxBuffer: 2 ** 28, timeout: PATIENCE },
      (error, stdout, stderr) => {
        if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT") return reject(new UserError(missing));
        const said = error?.killed ? `${program} did not answer within ${PATIENCE / 1000} s` : stderr.trim();
        resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr: said });
      },
    );
    child.stdin?.on("error", () => {}); // it ended before it had read all
    child.stdin?.end(input);
  });
}

/** What a program said that failed, on one line; a program that said nothing ended with its code. */
export const complaint = (program: string, { code, stderr }: Said): string =>
  stderr === "" ? `${program} ended with code ${code}` : stderr.replaceAll(/\s*\n\s*/g, "; ");
