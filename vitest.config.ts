import { defineConfig } from "vitest/config";
import { allTests } from "./test/support/all_tests.ts";
import { engineTests } from "./test/support/engine_tests.ts";

// The models of the tests are so small that threads beside the first cost more than they gain, with two files at once;
// the longer pass is on all cores.
const { TFJS_VAE_TEST_ALL, TFJS_VAE_THREADS = allTests ? "" : "1" } = process.env;

export default defineConfig({
  test: {
    env: { TFJS_VAE_THREADS },
    include: TFJS_VAE_TEST_ALL === "engines" ? engineTests() : ["test/**/*.test.ts"],
    globalSetup: ["test/support/temporary.ts", "test/support/set_up_tensorflow.ts"],
    pool: "forks", // one process a file: TensorFlow keeps one context a process
    maxWorkers: 3, // for two cores: command-line tests wait much of their time
    testTimeout: 180_000, // some go over every variant, on machines that do other work too
    hookTimeout: 180_000,
  },
});
