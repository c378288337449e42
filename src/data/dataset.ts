import type { Rng } from "../rng.ts";

/** Images as they lie on disk or in memory, before they become tensors. */
export interface Examples {
  /** Packed [n, H, W, C], 0 to 255. */
  readonly images: Uint8Array;
  /** Packed [n, L]; absent where the data set has no labels. */
  readonly labels?: Float32Array;
}

/** One part of a data set: random access by index, nothing random in it. */
export interface Split {
  readonly size: number;
  /** The examples' files, by their names below data_path; absent where they have none of their own. */
  readonly files?: readonly string[];
  /**
   * The examples at `indices`, in that order, in arrays that are the caller's from then on. @throws DataError where they
   * can't be read.
   */
  read(indices: ArrayLike<number>): Promise<Examples>;
  /**
   * An order of the first `size` examples for an epoch, drawn by `rng`, where reading them in any order would be slow;
   * absent: every order is as good. Not asked for where there are too many to draw an order of.
   */
  shuffled?(rng: Rng, size: number): Int32Array;
  /** Whether many examples that follow each other are read at about the cost of one. */
  readonly inRuns?: boolean;
  /** Their labels alone, packed [n, L]; absent where there are none, or they are only read with the images. */
  labels?(indices: ArrayLike<number>): Float32Array;
}

export interface Dataset {
  readonly name: string;
  /** [H, W, C], after the transform. */
  readonly imageShape: readonly [number, number, number];
  /** Disjoint; a sentence says how they were made. */
  readonly splits: { readonly train: Split; readonly val: Split; readonly test: Split };
  readonly splitNote: string;
  /** One a column of the labels: factors, attributes or "class". */
  readonly labelNames: readonly string[];
  /** How many values each label takes, 0 to that less 1; absent where they are numbers of another kind. */
  readonly labelValues?: readonly number[];
  /** The names of each label's values, in order; undefined where they are numbers. */
  readonly valueNames?: readonly (readonly string[] | undefined)[];
  /** What the labels are made of and what to set where all images have the same, or there are none: a clause for messages. */
  readonly labelHint?: string;
  /** What gives labels to images that come without: a setting and what it does, for messages. */
  readonly labelRemedy?: string;
  /** The labels are all that the images were made from, each drawn by itself: metrics of disentanglement apply. */
  readonly factors?: boolean;
  /** Files that were skipped, with the reason. */
  readonly skipped: readonly string[];
  /** What else of the data is left out or may be read otherwise than meant, a sentence each. */
  readonly notes?: readonly string[];
  close(): Promise<void>;
}

/** What a data set is opened with besides its own parameters. */
export interface OpenArgs {
  /** Folder that relative paths in the config start from. */
  readonly baseDir: string;
  /** Folder for packed caches. */
  readonly cacheDir: string;
  readonly seed: number;
  /** Called while files are listed or a cache is being made: items done, items in all (Infinity: not known yet). */
  progress?(what: string, done: number, total: number): void;
}
