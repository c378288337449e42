import { findLibrary } from "../../src/backends/tensorflow/library.ts";
import { findPlugin } from "../../src/backends/xla/plugins/find.ts";

/** vitest's globalSetup: says which backends the tests run on. */
export default function setup(): void {
  if (findLibrary() === undefined)
    console.log(
      "TensorFlow is not set up: the tests run on wasm, and skip what only TensorFlow has. After `npx vae setup tensorflow` they run on both.",
    );
  if (findPlugin("cpu") === undefined)
    console.log(
      "XLA's plugin for the processor is not set up: the tests skip what XLA computes. After `npx vae setup xla --cpu` they don't. What compiles for an H100 or a TPU needs `npx vae setup xla --cuda` or `--tpu`.",
    );
}
