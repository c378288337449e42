import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as imported from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { tf } from "../src/tf.ts";

const require = createRequire(import.meta.url);

test("tf is the very tfjs that require and import give", () => {
  expect(tf.add).toBe(require("@tensorflow/tfjs-core").add);
  expect(tf.layers).toBe(require("@tensorflow/tfjs-layers").layers);
  expect(tf.engine()).toBe(imported.engine());
  expect(tf.engine()).toBe(require("@tensorflow/tfjs-core").engine());
  const weight = tf.variable(tf.scalar(2));
  expect(weight).toBeInstanceOf(tf.Variable);
  expect(weight).toBeInstanceOf(imported.Tensor);
  tf.dispose(weight);
});

test("tf lists and answers for the names of tfjs's ops and layers", () => {
  const names = ["core", "layers"].flatMap((part) => Object.keys(require(`@tensorflow/tfjs-${part}`)));
  expect(new Set(Object.keys(tf))).toEqual(new Set(names));
  expect("conv2d" in tf).toBe(true);
  expect("conv2dd" in tf).toBe(false);
  expect({ ...tf }.conv2d).toBe(imported.conv2d);
});

test("gradients are registered", () => {
  const grad = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2]));
  expect([...grad.dataSync()]).toEqual([2, 4]);
});

test("tensors have the ops as methods, as plugins may call them", () => {
  const x = tf.tensor2d([
    [1, -2],
    [3, 4],
  ]);
  const shown = (t: imported.Tensor) => [t.shape, [...t.dataSync()]];
  expect(shown(x.abs().mul(2).sub(1))).toEqual([
    [2, 2],
    [1, 3, 5, 7],
  ]);
  expect(shown(x.sum(0, true))).toEqual([
    [1, 2],
    [4, 2],
  ]);
  expect(shown(x.max(1).toInt().asType("float32"))).toEqual([[2], [1, 4]]);
  expect(shown(x.slice([1, 0], [1, 1]).asScalar())).toEqual([[], [3]]);
  expect(shown(x.flatten().as2D(1, 4).reshapeAs(x))).toEqual(shown(x));
  expect(shown(x.concat(x, 1))).toEqual([
    [2, 4],
    [1, -2, 1, -2, 3, 4, 3, 4],
  ]);
  expect(x.stack([x, x]).shape).toEqual([3, 2, 2]);
  expect(shown(x.where(x.greater(0), x.zerosLike()))).toEqual([
    [2, 2],
    [1, 0, 3, 4],
  ]);
  expect(x.as1D).toBeTypeOf("function");
  const grad = tf.grad((y) => y.square().mean());
  expect(shown(grad(x))).toEqual([
    [2, 2],
    [0.5, -1, 1.5, 2],
  ]);
});

test("importing src/tf.ts and the registry of models does not load tfjs", () => {
  const src = (file: string) => pathToFileURL(fileURLToPath(new URL(`../src/${file}`, import.meta.url))).href;
  const script = `
    import { createRequire } from "node:module";
    const { tf } = await import(${JSON.stringify(src("tf.ts"))});
    await import(${JSON.stringify(src("models/registry.ts"))});
    const loaded = () => Object.keys(createRequire(import.meta.url).cache ?? {}).some((f) => f.includes("tfjs-core"));
    const before = loaded();
    tf.add;
    console.log(before, loaded());`;
  const out = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  expect(out.trim()).toBe("false true");
});
