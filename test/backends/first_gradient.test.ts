import { expect, it } from "vitest";
import { linear } from "../../src/nn/linear.ts";
import { newPass, Scope } from "../../src/nn/params.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";

// In a file of its own: it asks what is there before any op of the project ran.
it("the gradient of an activation is the same before and after the first layer ran", async () => {
  await tf.setBackend("cpu");
  const kernels = async (op: (x: Tensor) => Tensor) => {
    const { kernelNames } = await tf.profile(() => tf.grad(op)(tf.tensor1d([-1, 2])));
    return [...kernelNames];
  };
  const ops = [(x: Tensor) => tf.relu(x), (x: Tensor) => tf.leakyRelu(x, 0.1)];
  const before = await Promise.all(ops.map(kernels));
  linear(new Scope(new Map(), Rng.fromSeed(1), "pytorch"), 2, 2)(tf.ones([1, 2]), newPass(true));
  expect(before).toEqual(await Promise.all(ops.map(kernels)));
});
