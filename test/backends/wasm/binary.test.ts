import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compileKernels } from "../../../scripts/build_wasm/compile.ts";
import { BINARY } from "../../../src/backends/wasm/register.ts";

it("assets/kernels.wasm is what its sources make (else: npm run build:wasm)", async () => {
  expect(readFileSync(BINARY).equals(await compileKernels())).toBe(true);
}, 300_000);
