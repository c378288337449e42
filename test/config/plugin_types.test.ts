import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { allTests } from "../support/all_tests.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
const dir = mkdtempSync(join(root, "node_modules/.cache/plugin_types_")); // where the package's dependencies are found
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What `tsc` says; "" where nothing is wrong. */
function tsc(...args: string[]): string {
  try {
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...args], {
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    return String((error as { stdout: string }).stdout);
  }
}

test.runIf(allTests)(
  "the typed examples fit the types that the package publishes, and a mistake in it shows",
  {
    timeout: 300_000,
  },
  () => {
    const installed = join(dir, "node_modules/tfjs-vae");
    mkdirSync(installed, { recursive: true });
    copyFileSync(join(root, "package.json"), join(installed, "package.json"));
    const build = [
      "-p",
      join(root, "tsconfig.build.json"),
      "--emitDeclarationOnly",
      "--noCheck", // `npm run types` does
      "--outDir",
      join(installed, "dist"),
    ];
    expect(tsc(...build)).toBe("");
    copyFileSync(join(root, "examples/free_bits_vae.ts"), join(dir, "good.ts"));
    for (const name of ["blobs.ts", "sparse_vae.ts", "train.ts"]) // which add to the package's types
      copyFileSync(join(root, "examples/own_vae", name), join(dir, name));
    writeFileSync(
      join(dir, "bad.ts"),
      `import type { PluginApi } from "tfjs-vae";
export default ({ losses }: PluginApi) => losses.klPerDimensio;
`,
    );
    writeFileSync(
      join(dir, "misspelled.ts"),
      `import { defineConfig } from "tfjs-vae";
defineConfig({ model: "SparseVAE", model_params: { sparsityy: 1 }, data: "blobs", data_params: { radius: 2 } });
`,
    );
    const options = {
      strict: true,
      target: "es2022",
      module: "nodenext",
      noEmit: true,
      skipLibCheck: true,
      types: ["node"],
    };
    writeFileSync(
      join(dir, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, include: ["*.ts"] }),
    );
    const said = tsc("-p", dir);
    const at = said.match(/\w+\.ts\(\d+,\d+\): error/g);
    expect(at).toEqual(["bad.ts(2,50): error", "misspelled.ts(2,52): error"]);
    expect(said).toContain("Did you mean to write 'sparsity'?");
    expect(said).toContain("Did you mean 'klPerDimension'?");
  },
);
