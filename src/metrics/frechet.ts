import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { loadFrozenNetwork } from "../features/load_network.ts";
import { getNetwork } from "../features/registry.ts";
import { type Tensor4D, tf } from "../tf.ts";
import { type Metric, type PictureMetric, samplesName } from "./define.ts";
import { judgeArgs, notForNetworks } from "./perceptual.ts";

/** Mean and covariance of vectors, gathered batch by batch. */
export class Moments {
  count = 0;
  private readonly sum: Float64Array;
  private readonly products: Float64Array;
  private rooted: { readonly count: number; readonly root: Matrix } | undefined;

  constructor(readonly dims: number) {
    this.sum = new Float64Array(dims);
    this.products = new Float64Array(dims * dims);
  }

  /** Adds vectors, packed [n, dims]. */
  add(vectors: ArrayLike<number>): void {
    const { dims, sum, products } = this;
    for (let at = 0; at < vectors.length; at += dims) {
      for (let i = 0; i < dims; i++) {
        const v = vectors[at + i]!;
        sum[i]! += v;
        for (let j = 0; j <= i; j++) products[i * dims + j]! += v * vectors[at + j]!;
      }
      this.count++;
    }
  }

  mean(): Float64Array {
    return this.sum.map((s) => s / this.count);
  }

  /** [dims, dims], divided by n - 1. */
  covariance(): Matrix {
    const { dims, count, products } = this;
    const mean = this.mean();
    const out = Matrix.zeros(dims, dims);
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (products[i * dims + j]! - count * mean[i]! * mean[j]!) / (count - 1);
        out.set(i, j, value).set(j, i, value);
      }
    }
    return out;
  }

  /** The square root of the covariance: several sets are compared with one. */
  root(): Matrix {
    if (this.rooted?.count !== this.count)
      this.rooted = { count: this.count, root: squareRoot(this.covariance()) };
    return this.rooted.root;
  }
}

/**
 * The Fréchet distance of two normal distributions, |m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)), at least 0 and lower
 * for sets that are more alike (Dowson and Landau, "The Fréchet distance between multivariate normal distributions",
 * 1982, eq. 4). Of Inception's pooled features it is the FID (Heusel et al., arXiv 1706.08500, eq. 6); of any other
 * network's it is another metric and bears that network's name. Each set has two vectors or more; where one is not finite,
 * nor is the distance.
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const [ma, mb] = [a.mean(), b.mean()];
  const [ca, cb] = [a.covariance(), b.covariance()];
  if (![ca, cb].every((m) => Number.isFinite(m.sum()))) return Number.NaN; // there are no eigenvalues to find
  const shift = ma.reduce((sum, m, i) => sum + (m - mb[i]!) ** 2, 0);
  const root = a.root();
  // (A B)^(1/2) has the trace of (A^(1/2) B A^(1/2))^(1/2), which is symmetric.
  const inner = eigen(root.mmul(cb).mmul(root)).realEigenvalues;
  const trace = inner.reduce((sum, v) => sum + Math.sqrt(Math.max(v, 0)), 0);
  return Math.max(0, shift + ca.trace() + cb.trace() - 2 * trace);
}

/** Of a symmetric matrix without negative eigenvalues; those of rounding are taken as 0. */
function squareRoot(m: Matrix): Matrix {
  const { eigenvectorMatrix: v, realEigenvalues } = eigen(m);
  const roots = realEigenvalues.map((e) => Math.sqrt(Math.max(e, 0)));
  return v.clone().mulRowVector(roots).mmul(v.transpose());
}

function eigen(m: Matrix): EigenvalueDecomposition {
  return new EigenvalueDecomposition(m.clone().add(m.transpose()).mul(0.5), { assumeSymmetric: true });
}

const says = (whose: string): Metric => ({
  unit: "",
  better: "lower",
  computed: `Fréchet distance of the network's features (not FID), of ${whose} to the images`,
});

/** The features are those of the network's last layer, averaged over positions. */
export const frechetMetric: PictureMetric = {
  kind: "pictures",
  name: "frechet",
  knownAs: ["fid"],
  judge: "network",
  minImages: 2,
  numbers: {
    frechet_NETWORK_reconstructions: says("reconstructions"),
    frechet_NETWORK_samples: says("samples"),
    frechet_NETWORK_samples_SAMPLER: says("samples by a fitted sampler"),
  },
  missing: notForNetworks,
  async open({ options, imageShape }) {
    const args = judgeArgs(options, imageShape);
    const last = getNetwork(options.network.name, args.keys?.network).layers.findLast(
      (layer) => layer.kind === "relu" || layer.kind === "fire",
    )!;
    const network = await loadFrozenNetwork(options.network, [last.name], args);
    const found = new Map<string, Moments>();
    const add = (set: string, pictures: Tensor4D) => {
      const values = tf.tidy(() => tf.mean(network.constants(pictures)[last.name]!, [1, 2]));
      const moments = found.get(set) ?? new Moments(values.shape[1]!);
      found.set(set, moments);
      moments.add(values.dataSync());
      values.dispose();
    };
    const name = `frechet_${options.network.name}`;
    return {
      pairs(images, recons) {
        add("images", images);
        add("reconstructions", recons);
      },
      samples: (pictures, sampler) => add(samplesName(sampler), pictures),
      numbers: () => {
        const { images, ...others } = Object.fromEntries(found);
        const distances = Object.entries(others).map(
          ([set, moments]) => [`${name}_${set}`, frechetDistance(images!, moments)] as const,
        );
        return Object.fromEntries(distances);
      },
      dispose: () => network.dispose(),
    };
  },
};
