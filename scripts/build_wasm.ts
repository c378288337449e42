import { writeFileSync } from "node:fs";
import { BINARIES, compileKernels } from "./build_wasm/compile.ts";

// npm run build:wasm makes the wasm backend's binaries, which are kept in the repository so that `npm ci` alone is
// enough; test/backends/wasm/binary.test.ts compares them with their sources.
for (const [file, features] of Object.entries(BINARIES)) {
  const made = await compileKernels(undefined, features);
  writeFileSync(new URL(`../assets/${file}`, import.meta.url), made);
  console.log(`assets/${file}: ${made.length} bytes`);
}
