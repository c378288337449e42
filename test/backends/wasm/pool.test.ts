import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileKernels } from "../../../scripts/build_wasm/compile.ts";
import type { Binary } from "../../../src/backends/wasm/binary.ts";
import { SharedMemory } from "../../../src/backends/wasm/memory.ts";
import { Pool } from "../../../src/backends/wasm/pool.ts";

const pools: Pool[] = [];
let binary: Binary;

beforeAll(async () => {
  const bytes = await compileKernels("test/backends/wasm/assembly/pool.ts");
  binary = { module: new WebAssembly.Module(bytes), wide: false };
});
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

function start(threads: number) {
  const memory = new SharedMemory(256);
  const pool = new Pool(binary, memory, threads);
  pools.push(pool);
  return { memory, pool };
}

describe("the pool of threads", () => {
  it("does each chunk once, on all threads", () => {
    const { memory, pool } = start(3);
    const counts = memory.allocate(4 * 1000);
    const threads = memory.allocate(4 * 3);
    memory.view(Int32Array, counts, 1000).fill(0);
    const seen = memory.view(Int32Array, threads, 3).fill(0);
    let rounds = 0;
    const deadline = Date.now() + 20_000;
    while (!seen.every((n) => n > 0) && Date.now() < deadline) {
      pool.run("count", [counts, threads], 1000, 7);
      rounds++;
    }
    expect([...seen].every((n) => n > 0)).toBe(true);
    expect(new Set(memory.view(Int32Array, counts, 1000))).toEqual(new Set([rounds]));
  });

  it("hands a worker's error to the caller, and goes on", () => {
    const { memory, pool } = start(2);
    const at = memory.allocate(4 * 1000);
    const run = () => pool.run("failOffMainThread", [at], 1000, 1);
    let failure: unknown;
    const deadline = Date.now() + 20_000;
    while (failure === undefined && Date.now() < deadline) {
      try {
        run();
      } catch (error) {
        failure = error;
      }
    }
    expect(String(failure)).toMatch(/a worker thread of the wasm backend failed: RuntimeError: unreachable/);
    const counts = memory.allocate(4 * 100);
    memory.view(Int32Array, counts, 100).fill(0);
    pool.run("count", [counts, at], 100, 1);
    expect(new Set(memory.view(Int32Array, counts, 100))).toEqual(new Set([1]));
  });

  it("hands the main thread's own error to the caller, and goes on", () => {
    const { memory, pool } = start(2);
    const at = memory.allocate(4 * 1000);
    expect(() => pool.run("fail", [], 10, 1)).toThrow(/unreachable/);
    memory.view(Int32Array, at, 100).fill(0);
    pool.run("count", [at, memory.allocate(12)], 100, 1);
    expect(new Set(memory.view(Int32Array, at, 100))).toEqual(new Set([1]));
  });

  it("ends with the process", () => {
    const script = fileURLToPath(new URL("./end_of_process.ts", import.meta.url));
    const tsx = fileURLToPath(new URL("../../../node_modules/tsx/dist/cli.mjs", import.meta.url));
    expect(execFileSync(process.execPath, [tsx, script], { encoding: "utf8", timeout: 50_000 })).toBe("3\n");
  });
});
