import { spawnSync } from "node:child_process";
import { findLibrary } from "../../src/backends/tensorflow/library.ts";

/** vitest's globalSetup: gets TensorFlow's library where it is missing, as a user would. */
export default function setup(): void {
  if (findLibrary() !== undefined) return;
  console.log("TensorFlow's library is missing; the tests need it: npx vae setup tensorflow");
  const { status } = spawnSync(process.execPath, ["bin/vae.js", "setup", "tensorflow"], { stdio: "inherit" });
  if (status !== 0) throw new Error(`vae setup tensorflow ended with exit code ${status}`);
}
