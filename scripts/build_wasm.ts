import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { compileKernels } from "./build_wasm/compile.ts";

// The wasm backend's binary, which is kept in the repository so that `npm ci` alone is enough:
//   npm run build:wasm            makes assets/kernels.wasm
//   npm run build:wasm -- --check fails where it is not what its sources make

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const file = new URL("../assets/kernels.wasm", import.meta.url);
const made = await compileKernels();
if (!values.check) {
  writeFileSync(file, made);
  console.log(`assets/kernels.wasm: ${made.length} bytes`);
} else if (!readFileSync(file).equals(made)) {
  console.error(
    "assets/kernels.wasm: expected what src/backends/wasm/kernels makes, got another. Type: npm run build:wasm",
  );
  process.exitCode = 1;
}
