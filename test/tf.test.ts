import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as imported from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { tf } from "../src/tf.ts";

const require = createRequire(import.meta.url);

test("tf is the very tfjs that require and import give", () => {
  expect(tf.add).toBe(require("@tensorflow/tfjs").add);
  expect(tf.engine()).toBe(imported.engine());
  expect(tf.engine()).toBe(require("@tensorflow/tfjs-core").engine());
  const weight = tf.variable(tf.scalar(2));
  expect(weight).toBeInstanceOf(tf.Variable);
  expect(weight).toBeInstanceOf(imported.Tensor);
  tf.dispose(weight);
});

test("tf lists and answers for the names of tfjs", () => {
  expect(Object.keys(tf)).toEqual(Object.keys(require("@tensorflow/tfjs")));
  expect("conv2d" in tf).toBe(true);
  expect("conv2dd" in tf).toBe(false);
  expect({ ...tf }.conv2d).toBe(imported.conv2d);
});

test("gradients are registered", () => {
  const grad = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2]));
  expect([...grad.dataSync()]).toEqual([2, 4]);
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
