#!/usr/bin/env node
// In a checkout the sources run as they are (tsx); the published package has them compiled.
import { existsSync } from "node:fs";

const source = new URL("../src/cli/main.ts", import.meta.url);
if (existsSync(source)) {
  await import("typebox"); // 700 files, which tsx would slow down four times: before it
  const { register } = await import("tsx/esm/api");
  register();
  await import(source.href);
} else {
  await import("../dist/cli/main.js");
}
