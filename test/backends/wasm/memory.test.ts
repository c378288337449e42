import { describe, expect, it } from "vitest";
import { SharedMemory } from "../../../src/backends/wasm/memory.ts";
import { EngineError } from "../../../src/errors.ts";

describe("the wasm backend's memory", () => {
  it("gives freed memory out again, joined with its neighbours", () => {
    const memory = new SharedMemory(2048);
    const [a, b, c] = [memory.allocate(1000), memory.allocate(5000), memory.allocate(1000)];
    const size = memory.size;
    const used = memory.used;
    memory.release(a);
    memory.release(b);
    expect(memory.allocate(6000)).toBe(a);
    memory.release(a);
    memory.release(c);
    expect(memory.used).toBe(used - 1024 - 5056 - 1024);
    for (let i = 0; i < 1000; i++) memory.release(memory.allocate(15 << 20));
    expect(memory.size).toBeLessThan(size + (17 << 20));
  });

  it("never gives out memory that overlaps", () => {
    const memory = new SharedMemory(2048);
    const held: [at: number, size: number][] = [];
    let seed = 1;
    const random = (n: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    for (let i = 0; i < 3000; i++) {
      if (held.length > 40 || (held.length > 0 && random(2) === 0)) {
        const [[at]] = held.splice(random(held.length), 1) as [[number, number]];
        memory.release(at);
      } else {
        const size = 1 + random(200_000);
        const at = memory.allocate(size);
        for (const [other, n] of held) expect(at >= other + n || at + size <= other).toBe(true);
        held.push([at, size]);
      }
    }
    for (const [at] of held) memory.release(at);
    expect(memory.used).toBe(0);
  });

  it("keeps views valid when it grows", () => {
    const memory = new SharedMemory(2048);
    const at = memory.allocate(400);
    const before = memory.view(Float32Array, at, 100).fill(3);
    memory.allocate(40 << 20);
    before[1] = 5;
    expect([...memory.view(Float32Array, at, 3)]).toEqual([3, 5, 3]);
    expect(before[99]).toBe(3);
  });

  it("says at its limit what to lower", () => {
    const memory = new SharedMemory(400);
    memory.allocate(20 << 20);
    expect(() => memory.allocate(10 << 20)).toThrow(EngineError);
    expect(() => memory.allocate(10 << 20)).toThrow(
      /expected 10 MiB more.*20 MiB are in use.*train_batch_size/,
    );
    memory.allocate(1 << 20); // what fits still does
  });
});
