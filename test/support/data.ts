import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { withDefaults } from "../../src/config/defaults.ts";
import type { JsonSchema } from "../../src/config/describe.ts";
import { DataCommon } from "../../src/data/common.ts";
import type { Dataset, OpenArgs } from "../../src/data/dataset.ts";
import { getDataset, openDataset } from "../../src/data/registry.ts";

const made: string[] = [];
afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

/** A new folder with these files, removed after the tests of the file. */
export function dataFolder(files: Readonly<Record<string, Uint8Array | string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "vae-data-"));
  made.push(root);
  for (const [name, content] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return root;
}

/** The data set that `data_params` name, its other keys at their defaults as a config would have them. */
export function open(
  params: Readonly<Record<string, unknown>> & { readonly name: string },
  args: Partial<OpenArgs> = {},
): Promise<Dataset> {
  const common = withDefaults(DataCommon as JsonSchema, params);
  const full = withDefaults(getDataset(params.name)!.params as JsonSchema, common);
  const cacheDir = args.cacheDir ?? dataFolder();
  return openDataset(full as Parameters<typeof openDataset>[0], {
    baseDir: "/",
    seed: 1,
    ...args,
    cacheDir,
  });
}

/** The message of what a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (e: Error) => e,
  );
  if (error === undefined) throw new Error("expected a failure, got none");
  return error;
}

/** 0, 1, … `count` - 1. */
export const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
