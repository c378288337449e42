import type { Param, Scope } from "../../nn/params.ts";
import { Rng } from "../../rng.ts";
import { tf } from "../../tf.ts";
import type { FittedPrior } from "../vae.ts";
import { crossEntropy, type Features, fitPool, type Observations, softmax } from "./log_linear_pool.ts";

/** The positions, [row, column] from a code's own, whose codes are known where a grid is drawn row by row. */
const NEIGHBOURS = [
  [0, -1],
  [-1, 0],
  [-1, -1],
  [-1, 1],
] as const;
/** Of the log-linear model: one of the marginal, one of each neighbour, one of the position. */
const WEIGHTS = NEIGHBOURS.length + 2;
const INITIAL = [1, 0.5, 0.5, 0.1, 0.1, 0.5];
/** Imagined observations by the marginal that each table's row begins with. */
const SMOOTHING = 8;
/** Codes that the weights are fitted to at most, and those that the metrics are of. */
const FITTED = 4096;
const MEASURED = 16384;

/** Grids of codes, one after the other, each row by row. */
export interface Grids {
  readonly codes: Int32Array;
  readonly count: number;
}

type Fit = Pick<Required<FittedPrior>, "values" | "metrics">;

export interface CodePrior {
  /** Draws `count` grids, [count h w]. */
  sample(count: number, rng: Rng): Int32Array;
  fit(grids: Grids): Fit;
}

/** What a model gives of a code: log-ratios to the marginal, by the context's row. */
interface Model {
  readonly logMarginal: Float32Array; // [K]
  readonly neighbours: Float32Array; // [4, K, K]: log p(s | neighbour) / p(s)
  readonly position: Float32Array; // [h w, K]
  readonly weights: Float32Array; // [6]
}

/**
 * A prior over grids of codes [h, w] in raster order, fitted by counting:
 *
 *     log p(s | left, above, above left, above right, position) = w_0 log p(s) + sum_c w_c log p(s | c) / p(s) + const
 *
 * a log-linear pool of conditional tables, each smoothed by the marginal (Genest & Zidek 1986, "Combining probability
 * distributions"). Its six weights are fitted by Newton's method to grids that were not counted, for contexts that say
 * the same must not count twice. Before it is fitted all codes are equally likely.
 */
export function codePrior(scope: Scope, codes: number, height: number, width: number): CodePrior {
  const places = height * width;
  const zeros = (_: Rng, n: number) => new Float32Array(n);
  const declare = (leaf: string, shape: number[], values = zeros) =>
    scope.declare(leaf, shape, values, { fitted: true });
  const params: Record<keyof Model, Param> = {
    logMarginal: declare("log_marginal", [codes]),
    neighbours: declare("neighbours", [NEIGHBOURS.length, codes, codes]),
    position: declare("position", [places, codes]),
    weights: declare("weights", [WEIGHTS], () => Float32Array.from(INITIAL)),
  };
  const offsets = NEIGHBOURS.map(([dy, dx]) => dy * width + dx);
  const inside = NEIGHBOURS.map(([dy, dx]) =>
    Array.from({ length: places }, (_, p) => {
      const [y, x] = [Math.floor(p / width) + dy, (p % width) + dx];
      return y >= 0 && x >= 0 && x < width;
    }),
  );

  /** Rows of the feature tables at a place of a grid that starts at `from`; -1: there is no neighbour. */
  const contexts = (grid: Int32Array, from: number, place: number): number[] =>
    offsets.map((offset, k) => (inside[k]![place] ? grid[from + place + offset]! : -1));

  const features = (m: Omit<Model, "weights">, neighbours: readonly number[], place: number): Features => [
    m.logMarginal,
    ...neighbours.map((code, k) => (code < 0 ? undefined : row(m.neighbours, k * codes + code, codes))),
    row(m.position, place, codes),
  ];

  return { sample, fit };

  function sample(count: number, rng: Rng): Int32Array {
    const model = Object.fromEntries(
      Object.entries(params).map(([name, { value }]) => [name, value.dataSync()]),
    ) as unknown as Model;
    const grids = new Int32Array(count * places);
    const u = rng.uniformArray(count * places);
    const p = new Float64Array(codes);
    for (let at = 0; at < grids.length; at++) {
      const place = at % places;
      const found = features(model, contexts(grids, at - place, place), place);
      softmax(found, model.weights, p);
      grids[at] = drawn(p, u[at]!);
    }
    return grids;
  }

  function fit({ codes: grids, count }: Grids): Fit {
    // Of eight grids six are counted, one has the weights fitted to it, one is what the metrics are of; at random, for
    // neither grids nor places may be chosen by a stride that could be a multiple of a period of theirs.
    const rng = Rng.fromSeed(0).fold("code prior");
    const order = rng.fold("grids").permutation(count);
    const some = (keep: (i: number) => boolean) => order.filter((_, i) => count < 8 || keep(i % 8));
    const model = counted(some((i) => i < 6));
    const seventh = some((i) => i === 6);
    const weights = fitPool(contextsOf(model, placesOf(seventh, FITTED)), Float32Array.from(INITIAL));
    const fitted = { ...model, weights };
    const eighth = some((i) => i === 7);
    const held = contextsOf(model, placesOf(eighth, MEASURED));
    const bits = (w: Float32Array) => crossEntropy(held, w) / Math.LN2;
    const shapes = Object.entries(params).map(([name, { value }]) => [name, value.shape] as const);
    const values = shapes.map(([name, shape]) => {
      const full = scope.name(name === "logMarginal" ? "log_marginal" : name);
      return [full, tf.tensor(fitted[name as keyof Model], shape)] as const;
    });
    return {
      values: Object.fromEntries(values),
      metrics: {
        prior_bits_per_code: bits(weights),
        independent_bits_per_code: bits(Float32Array.from({ length: WEIGHTS }, (_, i) => (i === 0 ? 1 : 0))),
      },
    };

    function counted(images: Int32Array): Omit<Model, "weights"> {
      const marginal = new Float64Array(codes).fill(0.5);
      const neighbours = new Float32Array(NEIGHBOURS.length * codes * codes);
      const position = new Float32Array(places * codes);
      for (const image of images) {
        const from = image * places;
        for (let place = 0; place < places; place++) {
          const code = grids[from + place]!;
          marginal[code]!++;
          position[place * codes + code]!++;
          contexts(grids, from, place).forEach((neighbour, k) => {
            if (neighbour >= 0) neighbours[(k * codes + neighbour) * codes + code]!++;
          });
        }
      }
      const total = marginal.reduce((a, b) => a + b);
      const p = marginal.map((n) => n / total);
      for (const table of [neighbours, position])
        for (let r = 0; r < table.length / codes; r++) toLogRatios(row(table, r, codes), p);
      return { logMarginal: Float32Array.from(p, Math.log), neighbours, position };
    }

    /** Places of at most `most` codes of some grids, drawn at random. */
    function placesOf(images: Int32Array, most: number): Int32Array {
      const drawn = rng.fold("places").subset(most, images.length * places);
      return drawn.map((at) => images[Math.floor(at / places)]! * places + (at % places));
    }

    function contextsOf(m: Omit<Model, "weights">, indices: Int32Array): Observations {
      const of = (index: number) => {
        const place = index % places;
        return features(m, contexts(grids, index - place, place), place);
      };
      return {
        count: indices.length,
        codes,
        truth: (i) => grids[indices[i]!]!,
        features: (i) => of(indices[i]!),
      };
    }
  }
}

const row = (table: Float32Array, r: number, length: number) => table.subarray(r * length, (r + 1) * length);

/** Counts of a row to log (n(s) / p(s) + m) / (n + m). */
function toLogRatios(counts: Float32Array, p: Float64Array): void {
  const total = counts.reduce((a, b) => a + b, 0);
  for (let s = 0; s < counts.length; s++)
    counts[s] = Math.log((counts[s]! / p[s]! + SMOOTHING) / (total + SMOOTHING));
}

/** The place of `u`, in [0, 1), in the sums of p. */
function drawn(p: Float64Array, u: number): number {
  let sum = 0;
  for (let s = 0; s < p.length; s++) {
    sum += p[s]!;
    if (u < sum) return s;
  }
  return p.length - 1; // the sum of all may be a little below 1
}
