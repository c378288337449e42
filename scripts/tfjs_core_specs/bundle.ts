import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

export interface Specs {
  /** The backends that the specs shall run on. */
  setTestEnvs(
    envs: readonly { name: string; backendName: string; flags: object; isDataSync: boolean }[],
  ): void;
  /** Declares all specs by jasmine's globals. */
  declareSpecs(): void;
}

const ENTRY = `
require("@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops");
require("@tensorflow/tfjs-core/dist/register_all_gradients");
exports.setTestEnvs = require("@tensorflow/tfjs-core/dist/jasmine_util").setTestEnvs;
exports.declareSpecs = () => require("@tensorflow/tfjs-core/dist/tests");
`;

/**
 * The specs in tfjs-core's package with the modules that they test, bundled: no Node loads these as they are (ES
 * modules whose imports lack file extensions). tfjs keeps its engine, kernels and gradients in one place of the
 * process, so the bundle's ops run on the backends that are registered outside it.
 */
export async function loadSpecs(): Promise<Specs> {
  const folder = mkdtempSync(join(tmpdir(), "tfjs-core-specs-"));
  try {
    const outfile = join(folder, "specs.cjs");
    await build({
      stdin: { contents: ENTRY, resolveDir: import.meta.dirname },
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      ignoreAnnotations: true, // the package calls its specs free of side effects: they would be left out
      logLevel: "error",
    });
    return createRequire(import.meta.url)(outfile) as Specs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
