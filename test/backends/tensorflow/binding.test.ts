import { spawnSync } from "node:child_process";
import { beforeAll, expect, it } from "vitest";
import type { Binding } from "../../../src/backends/tensorflow/binding.ts";
import { registerTensorFlow } from "../../../src/backends/tensorflow/register.ts";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { type Tensor, tf } from "../../../src/tf.ts";
import { describeTensorFlow } from "../../support/backends.ts";

let binding: Binding;

beforeAll(async () => {
  await useBackend("tensorflow");
  binding = registerTensorFlow();
});

/** A tensor after an op has had it, so that TensorFlow's own copy is read and not what tfjs still holds. */
const through = <T extends Tensor>(t: T): T => tf.clone(tf.reshape(t, t.shape)) as T;

describeTensorFlow("values that went through TensorFlow", () => {
  it.each([
    ["float32", [0, -0, 1.5, -3.4e38, 1e-45, Number.NaN, Number.POSITIVE_INFINITY]],
    ["int32", [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
    ["bool", [1, 0, 1, 1]],
  ] as const)("%s come back as they were", (dtype, values) => {
    for (const shape of [[values.length], [1, values.length, 1]]) {
      const t = through(tf.tensor([...values], shape, dtype));
      expect([t.shape, t.dtype]).toEqual([shape, dtype]);
      const sent = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype].from(values);
      expect(t.dataSync()).toEqual(sent);
    }
  });

  it("complex64 come back as they were", async () => {
    const c = tf.complex(tf.tensor1d([1, -2, 0]), tf.tensor1d([0.5, 0, -3]));
    expect(through(c).dtype).toBe("complex64");
    expect([...(await through(c).data())]).toEqual([1, 0.5, -2, 0, 0, -3]);
    expect([...tf.imag(c).dataSync()]).toEqual([0.5, 0, -3]);
    expect([...tf.real(tf.mul(c, c)).dataSync()]).toEqual([0.75, 4, -9]);
  });

  it("strings of every length and content come back as they were", () => {
    const texts = [
      "",
      "a",
      "ÄÖ€🙂",
      "x".repeat(22),
      "y".repeat(23),
      "z".repeat(24),
      "long ".repeat(20_000),
      "a\0b",
    ];
    const t = through(tf.tensor(texts, [2, 4], "string"));
    expect([t.shape, t.dtype]).toEqual([[2, 4], "string"]);
    expect([...t.dataSync<"string">()]).toEqual(texts);
    expect([...tf.concat([t, t], 0).dataSync<"string">()]).toEqual([...texts, ...texts]);
    expect(through(tf.scalar("one")).dataSync<"string">()[0]).toBe("one");
  });

  it("bytes that are no text come back as they were", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const id = binding.createTensor([1], binding.TF_STRING, [bytes]);
    expect(binding.tensorDataSync(id)).toEqual([bytes]);
    binding.deleteTensor(id);
  });

  it.each(["float32", "int32", "bool", "string"] as const)("an empty tensor of %s stays empty", (dtype) => {
    const t = through(tf.tensor([], [0, 3], dtype));
    expect([t.shape, t.dtype, t.dataSync().length]).toEqual([[0, 3], dtype, 0]);
  });

  it("an op gives as many outputs as it has", () => {
    const count = 10_000;
    const parts = tf.unstack(tf.range(0, count));
    expect(parts.length).toBe(count);
    expect([0, 4096, count - 1].map((i) => parts[i]!.dataSync()[0])).toEqual([0, 4096, count - 1]);
    tf.dispose(parts);
  });

  it("a tensor of 8 dimensions keeps its shape", () => {
    const shape = [1, 2, 1, 2, 1, 2, 1, 2];
    const id = binding.createTensor(shape, binding.TF_FLOAT, new Float32Array(16).fill(2));
    const attrs = [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
    const [out] = binding.executeOp("Square", attrs, [id], 1);
    expect(out!.shape).toEqual(shape);
    for (const each of [id, out!.id]) binding.deleteTensor(each);
  });
});

describeTensorFlow("what fails", () => {
  const floats = (...values: number[]) =>
    binding.createTensor([values.length], binding.TF_FLOAT, Float32Array.from(values));
  const T = () => ({ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });

  it("comes as an Error with TensorFlow's text, and the next op works", () => {
    const [a, b] = [floats(1, 2), floats(1, 2, 3)];
    const held = binding.getNumOfTensors();
    expect(() => binding.executeOp("AddV2", [T()], [a, b], 1)).toThrow(
      /Incompatible shapes: \[2\] vs\. \[3\]/,
    );
    expect(() => binding.executeOp("NoSuchOp", [], [], 1)).toThrow(/NoSuchOp/);
    expect(() => binding.executeOp("AddV2", [T()], [a], 1)).toThrow(Error);
    expect(binding.getNumOfTensors()).toBe(held);
    const [sum] = binding.executeOp("AddV2", [T()], [a, a], 1);
    expect(binding.tensorDataSync(sum!.id)).toEqual(Float32Array.of(2, 4));
    for (const id of [a, b, sum!.id]) binding.deleteTensor(id);
  });

  it("names a wrong attribute", () => {
    const a = floats(1);
    const wrong = (type: number, value: unknown) => () =>
      binding.executeOp("Square", [{ name: "T", type, value }], [a], 1);
    expect(wrong(99, 1)).toThrow("Unhandled TF_AttrType: 99");
    expect(wrong(binding.TF_ATTR_BOOL, "yes")).toThrow("Invalid argument: T");
    expect(wrong(binding.TF_ATTR_STRING, 1)).toThrow("Invalid argument: T");
    binding.deleteTensor(a);
  });

  it("is a tensor used after its deletion", () => {
    const id = floats(1);
    binding.deleteTensor(id);
    const gone = new RegExp(`not referenced \\(tensor_id: ${id}\\)`);
    expect(() => binding.tensorDataSync(id)).toThrow(gone);
    expect(() => binding.deleteTensor(id)).toThrow(gone);
    expect(() => binding.executeOp("Square", [T()], [id], 1)).toThrow(gone);
    const t = tf.tensor1d([1]);
    t.dispose();
    expect(() => t.dataSync()).toThrow("disposed");
    expect(() => tf.square(t)).toThrow(Error);
  });

  it("is a number of values that the shape hasn't", () => {
    const two = /num_elements=3, array_length=2/;
    expect(() => binding.createTensor([3], binding.TF_FLOAT, new Float32Array(2))).toThrow(two);
    expect(() =>
      binding.createTensor([3], binding.TF_STRING, [new Uint8Array(1), new Uint8Array(0)]),
    ).toThrow(two);
    expect(() => binding.createTensor([2], binding.TF_INT32, new Float32Array(2))).toThrow(/Float32Array/);
  });
});

describeTensorFlow("memory", () => {
  const megabytes = () => process.memoryUsage().rss / 2 ** 20;

  it("holds no handle more after thousands of ops", () => {
    const before = [binding.getNumOfTensors(), tf.memory().numTensors];
    for (let i = 0; i < 5000; i++) {
      tf.tidy(() => {
        const x = tf.add(tf.tensor1d([i, 1, 2]), 1);
        const [a, b] = tf.split(x, [1, 2]);
        tf.concat([a!, b!]).dataSync();
      });
    }
    expect([binding.getNumOfTensors(), tf.memory().numTensors]).toEqual(before);
  });

  it("of deleted tensors and strings is given back", () => {
    const block = new Float32Array(2 ** 18); // 1 MiB
    const bytes = new Uint8Array(2 ** 20).fill(120);
    const use = (times: number) => {
      for (let i = 0; i < times; i++) {
        const x = tf.tensor1d(block);
        const y = tf.square(x);
        y.dataSync();
        tf.dispose([x, y]);
        const id = binding.createTensor([1], binding.TF_STRING, [bytes]);
        binding.tensorDataSync(id);
        binding.deleteTensor(id);
      }
    };
    use(50);
    const before = megabytes();
    use(400); // 1.6 GiB
    expect(megabytes() - before).toBeLessThan(300);
  });
});

describeTensorFlow("a process that used TensorFlow", () => {
  const source = new URL("../../../src/", import.meta.url).href;
  const ends = (last: string) => {
    const script = `
      const { useBackend } = await import("${source}backends/use_backend.ts");
      const { tf } = await import("${source}tf.ts");
      await useBackend("tensorflow");
      const kept = tf.square(tf.tensor1d([1, 2, 3]));
      console.log(String(kept.dataSync()));
      ${last}`;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { encoding: "utf8" },
    );
    return { status, signal, stdout: stdout.trim(), stderr };
  };

  it("ends with exit code 0, silently", () => {
    expect(ends("")).toEqual({ status: 0, signal: null, stdout: "1,4,9", stderr: "" });
  });

  it("ends with the exit code that it asks for", () => {
    expect(ends("process.exit(3);")).toEqual({ status: 3, signal: null, stdout: "1,4,9", stderr: "" });
  });

  it("ends with exit code 1 on an error that nobody caught, and shows it", () => {
    const { status, signal, stderr } = ends("tf.add(tf.ones([2]), tf.ones([3]));");
    expect([status, signal]).toEqual([1, null]);
    expect(stderr).toMatch(/Incompatible shapes|could not be broadcast/);
  });
});
