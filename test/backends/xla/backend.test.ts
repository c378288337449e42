import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { Executables } from "../../../src/backends/xla/executables.ts";
import { registerXla, type Xla } from "../../../src/backends/xla/register.ts";
import { randomCrops } from "../../../src/nn/crop.ts";
import { Rng } from "../../../src/rng.ts";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../../src/tf.ts";
import { maxDifference } from "../../support/models.ts";
import { describeXla } from "./pjrt/plugin.ts";

const x = () => Rng.fromSeed(1).normal<Tensor>([3, 4]);
const images = () => Rng.fromSeed(2).normal<Tensor>([2, 5, 5, 2]) as never;
const ids = () => tf.tensor1d([1, 0, 2], "int32");

/** Kernels that plugins' models may use; those that the project's use: kernels.test.ts. */
const OPS: Record<string, () => Tensor> = {
  all: () => tf.all(tf.greater(x(), -1), 1),
  any: () => tf.any(tf.greater(x(), 1), 0),
  argMax: () => tf.argMax(x(), 1),
  atan2: () => tf.atan2(x(), tf.add(x(), 2)),
  avgPool: () => tf.avgPool(images(), 3, 2, "same"),
  cumsum: () => tf.cumsum(x(), 1),
  "cumsum, exclusive and backward": () => tf.cumsum(x(), 0, true, true),
  "dilated convolution": () =>
    tf.conv2d(images(), Rng.fromSeed(3).normal([2, 2, 2, 3]) as never, 1, "same", "NHWC", 2),
  elu: () => tf.elu(x()),
  floorDiv: () => tf.floorDiv(x(), 0.3),
  logSoftmax: () => tf.logSoftmax(x()),
  "matMul of many": () =>
    tf.matMul(Rng.fromSeed(4).normal([2, 3, 4]), Rng.fromSeed(5).normal([2, 5, 4]), false, true),
  mod: () => tf.mod(tf.mul(x(), 5), 3),
  oneHot: () => tf.oneHot(ids(), 4),
  prelu: () => tf.prelu(x(), tf.scalar(0.3)),
  prod: () => tf.prod(x(), 1),
  reverse: () => tf.reverse(x(), 1),
  selu: () => tf.selu(x()),
  sinh: () => tf.sinh(x()),
  softmax: () => tf.softmax(x()),
  stack: () => tf.stack([x(), x()], 1),
  tile: () => tf.tile(x(), [2, 3]),
  unstack: () => tf.unstack(x(), 1)[2]!,
};

let xla: Xla;
const said: string[] = [];

describeXla("the backend xla", () => {
  beforeAll(async () => {
    xla = registerXla({ platform: "cpu", small: 2, say: (text) => said.push(text) });
  });

  it("computes what plugins' models may use as cpu does, in one program", async () => {
    await useBackend("cpu");
    const expected = Object.values(OPS).map((op) => op().dataSync());
    await useBackend("xla:cpu");
    const { compiled } = xla.backend.runtime.executables;
    const made = Object.values(OPS).map((op) => op());
    const got = made.map((t) => t.dataSync());
    expect(xla.backend.runtime.executables.compiled - compiled).toBe(1);
    Object.keys(OPS).forEach((name, i) => {
      expect(got[i]!.length, name).toBe(expected[i]!.length);
      got[i]!.forEach((v, k) => {
        expect(Math.abs(v - expected[i]![k]!), `${name}, element ${k}`).toBeLessThan(1e-5);
      });
    });
    expect([...xla.backend.fallbacks.keys()]).toEqual([]);
  });

  it("adds up what goes to as many places as a batch has pixels in little memory, as wasm does", async () => {
    const shape = [64, 64, 64, 3] as const; // by one-hot rows 39 GB
    const gradient = () => {
      const cut = randomCrops(Rng.fromSeed(6), shape, 24);
      const far = (y: Tensor) => tf.sum(tf.square(cut(y as Tensor4D))) as Scalar;
      return tf.tidy(() =>
        tf
          .grad(far)(Rng.fromSeed(7).normal([...shape]))
          .dataSync(),
      );
    };
    const repeated = () =>
      tf.tidy(() => {
        const places = tf.tensor1d([6999, -1, 0, 6999].concat(Array(6000).fill(7)), "int32");
        return tf.unsortedSegmentSum(tf.ones([6004, 2]), places, 7000).dataSync();
      });
    await useBackend("wasm");
    const expected = [gradient(), repeated()];
    await useBackend("xla:cpu");
    expect(maxDifference(gradient(), expected[0]!)).toBeLessThan(1e-5);
    expect(repeated()).toEqual(expected[1]);
  });

  it("runs what XLA has no form for in JavaScript, with one note", async () => {
    await useBackend("xla:cpu");
    const run = () => tf.topk(tf.mul(x(), 2), 2).values.dataSync();
    expect(run()).toEqual(run());
    const spectrum = () => tf.real(tf.fft(tf.complex(tf.ones([4]), tf.zeros([4])))).dataSync();
    expect([...spectrum()]).toEqual([4, 0, 0, 0]);
    expect(said.filter((text) => text.includes("TopK"))).toHaveLength(1);
  });

  it("gives what it reshapes in JavaScript data of its own", async () => {
    await useBackend("xla:cpu");
    const pair = tf.tensor2d([1, 2], [1, 2]);
    const flat = tf.reshape(pair, [2]);
    expect([...tf.add(flat, tf.tensor1d([1, 1, 1, 1]).slice(0, 2)).dataSync()]).toEqual([2, 3]);
    pair.dispose();
    expect([...flat.dataSync()]).toEqual([1, 2]);
  });

  it("frees what tensors no longer hold", async () => {
    await useBackend("xla:cpu");
    const before = [tf.memory().numTensors, xla.client.buffers];
    for (let i = 0; i < 5; i++) {
      tf.tidy(() => {
        const y = tf.matMul(x(), tf.transpose(x()));
        y.dataSync();
        tf.exp(y); // never read
      });
    }
    expect([tf.memory().numTensors, xla.client.buffers]).toEqual(before);
  });
});

describeXla("executables", () => {
  const text = `module @m { func.func public @main(%a: tensor<3xf32> {tf.aliasing_output = 0 : i32}) -> tensor<3xf32> {
    %0 = stablehlo.add %a, %a : tensor<3xf32> return %0 : tensor<3xf32> } }`;

  it("are kept on disk, used again, and compiled anew where a file is damaged", async () => {
    const { client } = registerXla({ platform: "cpu" });
    const folder = mkdtempSync(join(tmpdir(), "vae-xla-"));
    const run = (executables: Executables) => {
      const executable = executables.get(text);
      const a = client.upload(Float32Array.of(1, 2, 3), [3], "f32");
      const [[sum]] = executable.run([[a]]) as [[typeof a]];
      const values = [...(sum.readSync() as Float32Array)];
      expect(a.isGone, "its memory is the result's").toBe(true);
      a.destroy();
      sum.destroy();
      executables.destroy();
      return [values, executables.compiled, executables.loaded];
    };
    try {
      const opened: unknown[] = [];
      const prepare = (_: unknown, devices: readonly { readonly id: number }[]) =>
        void opened.push(devices.map(({ id }) => id));
      expect(run(new Executables(client, { folder, prepare }))).toEqual([[2, 4, 6], 1, 0]);
      expect(opened, "what is compiled here needs nothing").toEqual([]);
      expect(run(new Executables(client, { folder, prepare }))).toEqual([[2, 4, 6], 0, 1]);
      expect(opened).toEqual([[client.devices[0]!.id]]);
      const file = join(folder, readdirSync(folder)[0]!);
      truncateSync(file, statSync(file).size - 1);
      expect(run(new Executables(client, { folder }))).toEqual([[2, 4, 6], 1, 0]);
      const foreign = Buffer.from("whole, but no executable");
      writeFileSync(file, Buffer.concat([createHash("sha256").update(foreign).digest(), foreign]));
      expect(run(new Executables(client, { folder }))).toEqual([[2, 4, 6], 1, 0]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are destroyed where there are too many, the least recently used first, but for those that are held", () => {
    const { client } = registerXla({ platform: "cpu" });
    const before = client.executables;
    const executables = new Executables(client, { most: 2 });
    const of = (size: number) => text.replaceAll("<3x", `<${size}x`);
    const held = executables.hold(of(9));
    const [one] = [1, 2, 1, 3].map((size) => executables.get(of(size)));
    expect(executables.get(of(1)), "used since").toBe(one);
    executables.get(of(2));
    expect([executables.compiled, client.executables - before]).toEqual([5, 3]);
    expect([executables.get(of(9)), executables.hold(of(1))]).toEqual([held, one]);
    [4, 5, 6].map((size) => executables.get(of(size)));
    expect(executables.get(of(1)), "held since").toBe(one);
    executables.destroy();
    expect(client.executables).toBe(before);
  });
});
