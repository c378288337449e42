import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

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

test("the typed example fits the types that the package publishes, and a mistake in it shows", {
  timeout: 300_000,
}, () => {
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
  writeFileSync(
    join(dir, "bad.ts"),
    `import type { PluginApi } from "tfjs-vae";
export default ({ losses }: PluginApi) => losses.klPerDimensio;
`,
  );
  const options = {
    strict: true,
    target: "es2022",
    module: "nodenext",
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
  const said = tsc("-p", dir);
  expect(said.match(/\w+\.ts\(\d+,\d+\): error/g)).toEqual(["bad.ts(2,50): error"]);
  expect(said).toContain("Did you mean 'klPerDimension'?");
});
