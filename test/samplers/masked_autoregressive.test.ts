import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { type Param, Scope } from "../../src/nn/params.ts";
import { Rng } from "../../src/rng.ts";
import { maskedAutoregressiveFlow } from "../../src/samplers/masked_autoregressive.ts";
import { type Tensor2D, tf } from "../../src/tf.ts";

beforeAll(async () => void (await useBackend("wasm")));

/** A flow with weights far from the identity that it begins as: normal, with this deviation. */
function flow(dims: number, deviation = 0.5) {
  const params = new Map<string, Param>();
  const net = maskedAutoregressiveFlow(new Scope(params, Rng.fromSeed(1), "pytorch"), dims, {
    blocks: 3,
    layers: 2,
    width: 16,
  });
  for (const [name, { value }] of params)
    tf.tidy(() => value.assign(tf.mul(deviation, Rng.fromSeed(2).fold(name).normal<Tensor2D>(value.shape))));
  return net;
}

it("its inverse undoes it", () => {
  const net = flow(5);
  const z = Rng.fromSeed(3).normal<Tensor2D>([20, 5]);
  const { u } = net.forward(z);
  expect(tf.max(tf.abs(tf.sub(u, z))).dataSync()[0]!).toBeGreaterThan(0.5);
  expect(tf.max(tf.abs(tf.sub(net.inverse(u), z))).dataSync()[0]!).toBeLessThan(1e-3);
});

it("its log-determinant is that of finite differences", () => {
  const dims = 4;
  const net = flow(dims);
  const h = 1e-2;
  for (const seed of [4, 5, 6]) {
    const z = [...Rng.fromSeed(seed).normalArray(dims)];
    const moved = (d: number, by: number) => z.map((v, i) => (i === d ? v + by : v));
    const ends = [1, -1].flatMap((sign) => z.map((_, d) => moved(d, sign * h)));
    const { u } = net.forward(tf.tensor2d(ends));
    const rows = u.arraySync();
    const jacobian = z.map((_, d) => rows[d]!.map((v, i) => (v - rows[d + dims]![i]!) / (2 * h)));
    const found = net.forward(tf.tensor2d([z])).logDet.dataSync()[0]!;
    expect(Math.abs(found - Math.log(Math.abs(determinant(jacobian))))).toBeLessThan(0.03);
  }
});

it("its density integrates to 1", () => {
  const net = flow(2, 0.3);
  const [side, from, step] = [400, -20, 0.1];
  const axis = Array.from({ length: side }, (_, i) => from + (i + 0.5) * step);
  let total = 0;
  for (const y of axis) {
    const { u, logDet } = net.forward(tf.tensor2d(axis.map((x) => [x, y])));
    const square = tf.sum(tf.square(u), 1);
    const p = tf.exp(tf.sub(logDet, tf.add(tf.mul(0.5, square), Math.log(2 * Math.PI))));
    total += tf.sum(p).dataSync()[0]! * step ** 2;
  }
  expect(total).toBeCloseTo(1, 2);
});

it("a dimension's map sees only those before it, in one block", () => {
  const params = new Map<string, Param>();
  const net = maskedAutoregressiveFlow(new Scope(params, Rng.fromSeed(1), "pytorch"), 4, {
    blocks: 1,
    layers: 1,
    width: 7,
  });
  for (const [name, { value }] of params) value.assign(Rng.fromSeed(2).fold(name).normal(value.shape));
  const base = [0.3, -0.2, 0.5, 0.1];
  const images = (z: number[]) => [...(net.forward(tf.tensor2d([z])).u.dataSync() as Float32Array)].reverse();
  for (let d = 0; d < 4; d++) {
    const changed = images(base.map((v, i) => (i === d ? v + 1 : v)));
    const same = images(base).map((v, i) => v === changed[i]);
    expect(same.slice(0, d)).toEqual(Array(d).fill(true));
    expect(same[d]).toBe(false);
  }
});

/** By cofactors. */
function determinant(m: readonly (readonly number[])[]): number {
  if (m.length === 1) return m[0]![0]!;
  return m[0]!.reduce((sum, v, i) => {
    const minor = m.slice(1).map((row) => row.filter((_, j) => j !== i));
    return sum + (i % 2 === 0 ? v : -v) * determinant(minor);
  }, 0);
}
