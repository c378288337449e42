import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { BINARIES, compileKernels } from "../../../scripts/build_wasm/compile.ts";

for (const [file, features] of Object.entries(BINARIES)) {
  it(`assets/${file} is what its sources make (else: npm run build:wasm)`, async () => {
    const kept = readFileSync(new URL(`../../../assets/${file}`, import.meta.url));
    expect(kept.equals(await compileKernels(undefined, features))).toBe(true);
  }, 300_000);
}
