import { useBackend } from "../../../src/backends/use_backend.ts";
import { tf } from "../../../src/tf.ts";

process.env.TFJS_VAE_THREADS = "3";
await useBackend("wasm");
console.log(tf.add(1, 2).dataSync()[0]);
