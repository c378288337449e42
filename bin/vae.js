#!/usr/bin/env node
// In a checkout the sources run; the published package has them compiled.
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";

nodeModule.enableCompileCache?.(); // Node 22.1 and later
const source = new URL("../src/cli/main.ts", import.meta.url);
if (process.versions.pnp) {
  console.error(
    "vae: Yarn's Plug'n'Play lacks what a run is saved by (fsync), and finds no package that tfjs asks for without saying so. Type: yarn config set nodeLinker node-modules && yarn install",
  );
  process.exitCode = 1;
} else if (!existsSync(source)) await import("../dist/cli/main.js");
else if (!existsSync(new URL("../node_modules/commander", import.meta.url))) {
  console.error("vae: the packages that it needs are not installed. Type: npm ci");
  process.exitCode = 1;
} else {
  const { bundledCli } = await import("../scripts/bundle_cli.js");
  const bundle = await bundledCli();
  if (bundle !== undefined) {
    process.setSourceMapsEnabled(true); // a bug's stack trace names the sources
    await import(bundle);
  } else {
    const { register } = await import("tsx/esm/api");
    register();
    await import(source.href);
  }
}
