import { sizeOf } from "./types.ts";
import type { Value } from "./value.ts";

/**
 * What a step computes from captured values alone, which need be computed once: a frozen network's filters cast, or
 * folded with batch normalization.
 */
export class FrozenValues {
  /** Elements of the largest captured value under one; 0 of what stands in the text; undefined of what is not frozen. */
  private readonly reaches = new Map<Value, number | undefined>();

  constructor(
    /** Whether a value that is there is captured, or stands in the text; undefined where a step gets it anew. */
    private readonly leaf: (value: Value) => "captured" | "text" | undefined,
  ) {}

  /** Whether to hold `value` instead of computing it: what is larger than all under it costs less to make than to read. */
  has(value: Value): boolean {
    const reach = this.reach(value);
    return reach !== undefined && reach > 0 && sizeOf(value.shape) <= reach;
  }

  private reach(root: Value): number | undefined {
    const stack = [root];
    for (let v = stack.at(-1); v !== undefined; v = stack.at(-1)) {
      const missing = this.reaches.has(v) ? [] : inputsOf(v).filter((input) => !this.reaches.has(input));
      stack.push(...missing);
      if (missing.length > 0) continue;
      stack.pop();
      if (!this.reaches.has(v)) this.reaches.set(v, this.ownReach(v));
    }
    return this.reaches.get(root);
  }

  private ownReach(v: Value): number | undefined {
    if (v.operation === undefined) {
      const as = this.leaf(v);
      return as === "captured" ? sizeOf(v.shape) : as === "text" ? 0 : undefined;
    }
    if (v.operation.name === "reverse") return undefined; // by which XLA knows an input's gradient
    const under = v.operation.inputs.map((input) => this.reaches.get(input));
    return under.includes(undefined) ? undefined : Math.max(0, ...(under as number[]));
  }
}

const inputsOf = (v: Value): readonly Value[] => v.operation?.inputs ?? [];
