import { Matrix, solve } from "ml-matrix";
import type { Param, Scope } from "../../nn/params.ts";
import { Rng } from "../../rng.ts";
import { tf } from "../../tf.ts";
import type { FittedPrior } from "../vae.ts";

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
const NEWTON_STEPS = 12;
/** Keeps the weights of features that say nothing near to their first values. */
const RIDGE = 1e-3;

/** Grids of codes, one after the other, each row by row. */
export interface Grids {
  readonly codes: Int32Array;
  readonly count: number;
}

export interface CodePrior {
  /** Draws `count` grids, [count h w]. */
  sample(count: number, rng: Rng): Int32Array;
  fit(grids: Grids): FittedPrior;
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

  const features = (m: Model, neighbours: readonly number[], place: number): (Float32Array | undefined)[] => [
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

  function fit({ codes: grids, count }: Grids): FittedPrior {
    // Of eight grids six are counted, one has the weights fitted to it, one is what the metrics are of; at random, for
    // neither grids nor places may be chosen by a stride that could be a multiple of a period of theirs.
    const rng = Rng.fromSeed(0).fold("code prior");
    const order = rng.fold("grids").permutation(count);
    const some = (keep: (i: number) => boolean) => order.filter((_, i) => count < 8 || keep(i % 8));
    const model = counted(some((i) => i < 6));
    const weights = newton(
      model,
      placesOf(
        some((i) => i === 6),
        FITTED,
      ),
    );
    const fitted = { ...model, weights };
    const held = placesOf(
      some((i) => i === 7),
      MEASURED,
    );
    const bits = (w: Float32Array) => crossEntropy(fitted, w, held) / Math.LN2;
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

    function at(m: Omit<Model, "weights">, index: number) {
      const place = index % places;
      return features(m as Model, contexts(grids, index - place, place), place);
    }

    /** The mean of -log p(s), in nats. */
    function crossEntropy(m: Omit<Model, "weights">, w: Float32Array, held: Int32Array): number {
      const p = new Float64Array(codes);
      let sum = 0;
      for (const index of held) {
        softmax(at(m, index), w, p);
        sum -= Math.log(p[grids[index]!]!);
      }
      return sum / held.length;
    }

    /** The weights of the least cross-entropy, which is convex in them. */
    function newton(m: Omit<Model, "weights">, held: Int32Array): Float32Array {
      let w = Float32Array.from(INITIAL);
      let loss = crossEntropy(m, w, held);
      const p = new Float64Array(codes);
      for (let step = 0; step < NEWTON_STEPS; step++) {
        const gradient = new Float64Array(WEIGHTS);
        const curvature = Matrix.eye(WEIGHTS).mul(RIDGE);
        for (const index of held) {
          const found = at(m, index);
          softmax(found, w, p);
          moments(found, p, grids[index]!, gradient, curvature, held.length);
        }
        const move = solve(curvature, Matrix.columnVector(gradient)).to1DArray();
        let [next, better, share] = [w, loss, 1];
        for (; share > 1e-3; share /= 2) {
          next = w.map((v, i) => v + share * move[i]!);
          better = crossEntropy(m, next, held);
          if (better < loss) break;
        }
        if (!(better < loss - 1e-6)) break;
        [w, loss] = [next, better];
      }
      return w;
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

/** p = softmax(sum_k w_k f_k). */
function softmax(
  features: readonly (Float32Array | undefined)[],
  w: ArrayLike<number>,
  p: Float64Array,
): void {
  p.fill(0);
  features.forEach((f, k) => {
    const weight = w[k]!;
    if (f !== undefined && weight !== 0) for (let s = 0; s < p.length; s++) p[s]! += weight * f[s]!;
  });
  let most = Number.NEGATIVE_INFINITY;
  for (let s = 0; s < p.length; s++) if (p[s]! > most) most = p[s]!;
  let sum = 0;
  for (let s = 0; s < p.length; s++) sum += p[s] = Math.exp(p[s]! - most);
  for (let s = 0; s < p.length; s++) p[s]! /= sum;
}

/** Adds to the gradient f(true) - E f and to the curvature Cov f, each over `count`. */
function moments(
  features: readonly (Float32Array | undefined)[],
  p: Float64Array,
  truth: number,
  gradient: Float64Array,
  curvature: Matrix,
  count: number,
): void {
  const means = features.map((f) => {
    let mean = 0;
    if (f !== undefined) for (let s = 0; s < p.length; s++) mean += p[s]! * f[s]!;
    return mean;
  });
  features.forEach((f, i) => {
    if (f === undefined) return;
    gradient[i]! += (f[truth]! - means[i]!) / count;
    for (let j = 0; j <= i; j++) {
      const g = features[j];
      if (g === undefined) continue;
      let product = 0;
      for (let s = 0; s < p.length; s++) product += p[s]! * f[s]! * g[s]!;
      const value = (product - means[i]! * means[j]!) / count;
      curvature.set(i, j, curvature.get(i, j) + value);
      if (i !== j) curvature.set(j, i, curvature.get(j, i) + value);
    }
  });
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
