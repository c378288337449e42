import type { HostTensor } from "../../backends/compiler.ts";
import type { HostBatch } from "../../data/loader.ts";
import type { Batch } from "../../models/vae.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";

/** A batch with what its loss needs of the images alone, where that was kept (`VAE.precompute`). */
export interface StepBatch extends HostBatch {
  readonly precomputed?: Readonly<Record<string, HostTensor>>;
}

/** The batches of one step. */
export type Group = readonly StepBatch[];

/** A batch's tensors, always in this order: images, labels, what was precomputed. */
export function hostTensors(batch: StepBatch): HostTensor[] {
  const { coded, labels, shape, precomputed } = batch;
  const found: HostTensor[] = [
    {
      shape,
      dtype: "float32",
      get values() {
        return batch.images;
      },
      ...(coded && { coded }),
    },
  ];
  if (labels !== undefined)
    found.push({ shape: [shape[0], labels.length / shape[0]], dtype: "float32", values: labels });
  return [...found, ...Object.values(precomputed ?? {})];
}

/** Calls `use` with a batch's tensors, by name and in the order of `hostTensors`; they are freed after it. */
export function withTensors<T>(host: StepBatch, use: (batch: Batch, tensors: Tensor[]) => T): T {
  const tensors = hostTensors(host).map(({ values, shape, dtype }) => tf.tensor(values, [...shape], dtype));
  const [images, ...rest] = tensors;
  const labels = host.labels && rest.shift();
  const names = host.precomputed && Object.keys(host.precomputed);
  const batch: Batch = {
    images: images as Tensor4D,
    ...(labels && { labels }),
    ...(names && { precomputed: Object.fromEntries(names.map((name, i) => [name, rest[i]!])) }),
  };
  try {
    return use(batch, tensors);
  } finally {
    tf.dispose(tensors);
  }
}
