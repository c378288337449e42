import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { type Param, Scope } from "../../src/nn/params.ts";
import { Rng } from "../../src/rng.ts";
import { causalConvolutions } from "../../src/samplers/causal_convolutions.ts";
import type { CodeGrids, GridSampler } from "../../src/samplers/define.ts";
import { disposeParams, stateOf } from "../../src/samplers/minimize.ts";
import { samplerNamed } from "../../src/samplers/registry.ts";
import { tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { meanOf } from "./codes.ts";

const pixelCnn = samplerNamed("pixel_cnn") as GridSampler;
const options = (given: Record<string, number>) => Value.Default(pixelCnn.options, given) as never;
const SMALL = options({ layers: 2, width: 16, epochs: 25, batch_size: 16, learning_rate: 0.01 });

const codesBy = (seed: number, count: number, values: number): Int32Array =>
  Int32Array.from(Rng.fromSeed(seed).uniformArray(count), (u) => Math.floor(u * values));

/** Grids of three codes whose diagonals from top right to bottom left are of one code, so that each code follows from those above. */
function diagonals(count: number, seed: number, shape: [number, number] = [4, 5]): CodeGrids {
  const [height, width] = shape;
  const first = codesBy(seed, count * (height + width - 1), 3);
  const data = new Int32Array(count * height * width);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        data[(n * height + i) * width + j] = first[n * (height + width - 1) + i + j]!;
  return { count, shape, values: 3, data };
}

for (const backend of trainingBackends) {
  describe(`pixel_cnn on ${backend}`, () => {
    beforeAll(async () => void (await useBackend(backend)));

    it("gives each place probabilities by the places before it, all of which it may see, and no others", () => {
      const params = new Map<string, Param>();
      const scope = new Scope(params, Rng.fromSeed(1), "pytorch", "net");
      const [height, width] = [5, 6];
      const net = causalConvolutions(scope, { values: 4, layers: 3, width: 8 });
      const logits = (codes: Int32Array) =>
        tf.tidy(() => {
          const grid = tf.tensor(codes, [1, height, width], "int32");
          return net.logits(grid, net.above(grid)).dataSync();
        });
      const codes = codesBy(2, height * width, 4);
      const before = logits(codes);
      const changes = Array.from(codes, (code, at) => {
        const after = logits(codes.with(at, (code + 1) % 4));
        return Array.from(codes, (_, place) =>
          Math.max(...[0, 1, 2, 3].map((k) => Math.abs(after[place * 4 + k]! - before[place * 4 + k]!))),
        );
      });
      changes.forEach((of, at) => {
        expect(Math.max(...of.slice(0, at + 1)), `of ${at}, on what comes before`).toBe(0);
      });
      // The last one sees all others above it but for corners that so few layers do not reach, and no blind spot between.
      const seen = changes.map((of) => of.at(-1)!);
      const [row, column] = [3, 5]; // above, to the right of the one before the last
      expect(seen[row * width + column]).toBeGreaterThan(1e-6);
      expect(seen.slice(width, -1).filter((x) => x > 1e-7).length).toBe(height * width - width - 1);
      disposeParams(params);
    });

    it("sums to 1 over all grids", () => {
      const kind = { shape: [2, 2], values: 3 } as const;
      const params = pixelCnnState(kind);
      const density = pixelCnn.open(params, kind, SMALL);
      const all = Array.from({ length: 81 }, (_, n) => [0, 1, 2, 3].map((k) => Math.floor(n / 3 ** k) % 3));
      const total = density.logProb(Int32Array.from(all.flat())).reduce((sum, log) => sum + Math.exp(log), 0);
      expect(total).toBeCloseTo(1, 5);
      density.dispose();
    });

    it("learns what follows from the rows above, and draws such grids, the same for the same seed", async () => {
      const tensors = tf.memory().numTensors;
      const grids = diagonals(400, 1);
      const heldOut = diagonals(50, 2).data;
      const { state, numbers } = await pixelCnn.fit(grids, heldOut, SMALL, { rng: Rng.fromSeed(3) });
      expect(numbers!.epochs).toBeGreaterThan(0);
      const density = pixelCnn.open(state, grids, SMALL);
      const [height, width] = grids.shape;
      const best = -(height + width - 1) * Math.log(3); // one free code a diagonal
      const found = meanOf(density.logProb(heldOut));
      expect(found).toBeLessThan(best + 0.5);
      expect(found).toBeGreaterThan(best - 1.5);
      const draw = (seed: number) =>
        tf.tidy(() => density.sample(100, Rng.fromSeed(seed)).dataSync() as Int32Array);
      const drawn = draw(4);
      let kept = 0;
      for (let n = 0; n < 100; n++)
        for (let i = 1; i < height; i++)
          for (let j = 0; j + 1 < width; j++) {
            const at = (n * height + i) * width + j;
            if (drawn[at] === drawn[at - width + 1]) kept++;
          }
      expect(kept / (100 * (height - 1) * (width - 1))).toBeGreaterThan(0.9);
      expect(draw(4)).toEqual(drawn);
      expect(draw(5)).not.toEqual(drawn);
      // A place is drawn from the same probabilities as the whole grid is judged by.
      expect(meanOf(density.logProb(drawn))).toBeCloseTo(found, 0);
      density.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
    }, 120_000);
  });
}

/** Weights as they begin, by a fit of no more than a pass with nothing learned. */
function pixelCnnState({ values }: { readonly values: number }) {
  const params = new Map<string, Param>();
  causalConvolutions(new Scope(params, Rng.fromSeed(9), "pytorch", "pixel_cnn"), {
    values,
    layers: 2,
    width: 16,
  });
  const state = stateOf(params);
  disposeParams(params);
  return state;
}
