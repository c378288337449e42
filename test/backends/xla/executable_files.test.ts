import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ExecutableFiles } from "../../../src/backends/xla/executable_files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vae-executables-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const of = (size: number, value = 1) => new Uint8Array(size).fill(value);
const names = () => readdirSync(folder).sort();
/** Makes a file one that was used so many minutes ago. */
const age = (key: string, minutes: number) => {
  const then = new Date(Date.now() - 60_000 * minutes);
  utimesSync(join(folder, `${key}.xla`), then, then);
};

describe("executables on disk", () => {
  it("are what was written", () => {
    const files = new ExecutableFiles(join(folder, "deep", "er"));
    files.write("a", of(1000, 7));
    expect(new ExecutableFiles(join(folder, "deep", "er")).read("a")).toEqual(Buffer.from(of(1000, 7)));
    expect(files.read("b")).toBeUndefined();
  });

  it.each<[what: string, spoil: (file: string) => void]>([
    ["truncated", (file) => truncateSync(file, 500)],
    ["empty", (file) => truncateSync(file, 0)],
    ["of another program", (file) => writeFileSync(file, "not an executable, but longer than a checksum")],
    [
      "changed in one bit",
      (file) => {
        const bytes = readFileSync(file);
        bytes[700]! ^= 1;
        writeFileSync(file, bytes);
      },
    ],
  ])("are none where the file is %s, which goes", (_, spoil) => {
    const files = new ExecutableFiles(folder);
    files.write("a", of(1000));
    spoil(join(folder, "a.xla"));
    expect(files.read("a")).toBeUndefined();
    expect(names()).toEqual([]);
    files.write("a", of(1000));
    expect(files.read("a")).toHaveLength(1000);
  });

  it("go where there are too many bytes, the one that was used longest ago first", () => {
    const files = new ExecutableFiles(folder, { bytes: 3500, files: 100 });
    for (const [i, key] of ["a", "b", "c"].entries()) {
      files.write(key, of(1000));
      age(key, 30 - i);
    }
    files.read("a"); // used now
    files.write("d", of(1000));
    expect(names()).toEqual(["a.xla", "c.xla", "d.xla"]);
    files.write("large", of(9000));
    expect(names()).toEqual(["large.xla"]); // the last one stays, whatever its size
  });

  it("go where there are too many files, what a killed process left among them", () => {
    writeFileSync(join(folder, ".a.xla.123.tmp"), of(10));
    utimesSync(join(folder, ".a.xla.123.tmp"), 1, 1);
    const files = new ExecutableFiles(folder, { bytes: 1e9, files: 3 });
    for (const [i, key] of ["a", "b", "c", "d"].entries()) {
      files.write(key, of(10));
      age(key, 30 - i);
    }
    expect(names()).toEqual(["b.xla", "c.xla", "d.xla"]);
  });

  it("are not kept where the folder can't be made, and nothing is thrown", () => {
    writeFileSync(join(folder, "file"), "");
    const files = new ExecutableFiles(join(folder, "file", "sub"));
    files.write("a", of(10));
    expect(files.read("a")).toBeUndefined();
  });
});
