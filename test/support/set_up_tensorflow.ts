import { findLibrary } from "../../src/backends/tensorflow/library.ts";

/** vitest's globalSetup: says which backends the tests run on. */
export default function setup(): void {
  if (findLibrary() !== undefined) return;
  console.log(
    "TensorFlow is not set up: the tests run on wasm, and skip what only TensorFlow has. After `npx vae setup tensorflow` they run on both.",
  );
}
