import type { Recipe } from "../../src/data/packed.ts";

/** 2000 images of 64 bytes of their number, `ms` each to make, marked as they are written; notes where it began. */
export function slowPack(ms: number): Recipe & { readonly began: number[] } {
  const began: number[] = [];
  return {
    began,
    name: "slow",
    key: "same",
    shape: [8, 8, 1],
    capacity: Number.POSITIVE_INFINITY,
    resumes: true,
    async make({ put, marked, mark }) {
      const from = (marked as number | undefined) ?? 0;
      began.push(from);
      for (let i = from; i < 2000; i++) {
        await put(i, new Uint8Array(64).fill(i));
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        await mark!(i + 1);
      }
      return { count: 2000, meta: null };
    },
  };
}
