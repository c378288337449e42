import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { writeProblem } from "../files/atomic_file.ts";

const STREAMS = [
  ["stdout", 1, "standard output"],
  ["stderr", 2, "standard error"],
] as const;

/**
 * Has a command go on where nobody reads any more what it says (`| head -2`, a terminal that closed): what is said
 * then is lost and nothing else. Where it goes to a file that can't be written, that is said on the other stream, and the
 * exit code is 1 at least.
 */
export function outliveReaders(): void {
  for (const [name, fd, what] of STREAMS) {
    const stream = process[name];
    const toFile = isFile(fd);
    let said = false;
    if (toFile) throwToCallback(stream);
    stream.on("error", (error) => {
      if (!toFile || said) return;
      said = true;
      process.on("exit", (code) => {
        if (code === 0) process.exitCode = 1;
      });
      const other = name === "stdout" ? process.stderr : process.stdout;
      other.write(`${(writeProblem(what, error) as Error).message}\n`);
    });
  }
}

function isFile(fd: number): boolean {
  try {
    const found = fstatSync(fd);
    return found.isFile() || (found.isCharacterDevice() && !isatty(fd));
  } catch {
    return false;
  }
}

/** Node 20 throws what fails of a write to a file out of `write`, and keeps all that is written from then on. */
function throwToCallback(stream: Writable): void {
  const write = stream._write;
  stream._write = function (chunk, encoding, done) {
    try {
      write.call(this, chunk, encoding, done);
    } catch (error) {
      done(error as Error);
    }
  };
}
