import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/set_up_tensorflow.ts"],
    pool: "forks", // one process a file: TensorFlow keeps one context a process
    maxWorkers: 2,
    testTimeout: 180_000, // some go over every variant, on machines that do other work too
    hookTimeout: 180_000,
  },
});
