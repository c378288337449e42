import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { writeAtomic } from "../../src/files/atomic_file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("writeAtomic", () => {
  it("writes bytes and text and leaves no temporary file", async () => {
    await writeAtomic(join(folder, "a"), new Uint8Array([1, 2, 3]));
    await writeAtomic(join(folder, "b"), "größe");
    expect([...readFileSync(join(folder, "a"))]).toEqual([1, 2, 3]);
    expect(readFileSync(join(folder, "b"), "utf8")).toBe("größe");
    expect(readdirSync(folder).sort()).toEqual(["a", "b"]);
  });

  it("lets a reader see the old content or the new one, never a part", async () => {
    const file = join(folder, "a");
    const contents = ["x", "y"].map((letter) => letter.repeat(1 << 20));
    await writeAtomic(file, contents[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 1; i <= 10; i++) await writeAtomic(file, contents[i % 2]!);
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const seen = readFileSync(file, "utf8");
      expect(seen === contents[0] || seen === contents[1]).toBe(true);
      reads++;
      await new Promise(setImmediate);
    }
    await writer;
    expect(reads).toBeGreaterThan(1);
  });

  it("says what is wrong and leaves nothing behind where it can't write", async () => {
    mkdirSync(join(folder, "sub"));
    await expect(writeAtomic(join(folder, "sub"), "text")).rejects.toThrow(
      /sub: can't be written: it is a folder/,
    );
    await expect(writeAtomic(join(folder, "none", "a"), "text")).rejects.toThrow(UserError);
    expect(readdirSync(folder)).toEqual(["sub"]);
    writeFileSync(join(folder, "file"), "");
    await expect(writeAtomic(join(folder, "file", "a"), "text")).rejects.toThrow(
      /a part of its path is a file/,
    );
  });
});
