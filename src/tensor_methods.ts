import type * as Core from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";

type Method = (this: Tensor, ...args: never[]) => unknown;
const OP = /__op$/;

/**
 * Gives tensors tfjs's ops as methods (`x.mul(2)`), as the package `@tensorflow/tfjs` does: plugins may be written so, and
 * a kernel of tfjs-node is. tfjs-core itself has them only in modules that no Node loads.
 */
export function addTensorMethods(core: typeof Core): void {
  const methods: Record<string, Method> = {};
  for (const [name, op] of Object.entries(core) as [string, unknown][]) {
    if (typeof op !== "function" || !OP.test(op.name)) continue;
    methods[name] = function (...args) {
      return op(this, ...args);
    };
  }
  const prototype = core.Tensor.prototype as object;
  for (const [name, value] of Object.entries({ ...methods, ...irregular(core) }))
    if (!(name in prototype))
      Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
}

/** Methods that are no op of their name, or that take the tensor elsewhere than first. */
function irregular(core: typeof Core): Record<string, Method> {
  const { cast, concat, reshape, stack, where } = core;
  const list = (x: Tensor | Tensor[]) => (x instanceof core.Tensor ? [x] : x);
  const reshaped: Method = function (...sizes: number[]) {
    return reshape(this, sizes);
  };
  const flat: Method = function () {
    return reshape(this, [this.size]);
  };
  return {
    asScalar: reshaped,
    as1D: flat,
    flatten: flat,
    as2D: reshaped,
    as3D: reshaped,
    as4D: reshaped,
    as5D: reshaped,
    reshapeAs(x: Tensor) {
      return reshape(this, x.shape);
    },
    concat(x: Tensor | Tensor[], axis?: number) {
      return concat([this, ...list(x)], axis);
    },
    stack(x: Tensor | Tensor[], axis?: number) {
      return stack([this, ...list(x)], axis);
    },
    where(condition: Tensor, x: Tensor) {
      return where(condition, this, x);
    },
    asType(type: Core.DataType) {
      return cast(this, type);
    },
    toBool() {
      return cast(this, "bool");
    },
    toFloat() {
      return cast(this, "float32");
    },
    toInt() {
      return cast(this, "int32");
    },
  };
}
