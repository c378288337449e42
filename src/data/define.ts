import type { Static, TObject } from "typebox";
import type { DataCommon } from "./common.ts";
import type { Dataset, OpenArgs } from "./dataset.ts";

/** A file as its authors publish it. */
export interface PublishedFile {
  /** Its name where the data set looks for it. */
  readonly name: string;
  readonly bytes?: number;
  /** In hexadecimal, as published; one of them. */
  readonly sha256?: string;
  readonly md5?: string;
  /** In the order in which they are tried. */
  readonly urls: readonly string[];
}

export interface DatasetDefinition<P extends TObject = TObject, Name extends string = string> {
  /** As in `data_params.name`. */
  readonly name: Name;
  /** One sentence: what images, how many, what labels, which splits. */
  readonly summary: string;
  /** Schema of what `data_params` holds besides the common keys of `DataCommon`. */
  readonly params: P;
  /**
   * [H, W, C] of the images, where it can be told before they are opened: a model that doesn't fit them is then
   * refused before minutes of packing.
   */
  imageShape?(params: Static<P> & DataCommon): readonly [number, number, number];
  /** How many training images there are, where that can be told before they are opened. */
  trainImages?(params: Static<P> & DataCommon): number;
  /** Whether the images come without labels, where that can be told before they are opened. */
  isUnlabelled?(params: Static<P> & DataCommon): boolean;
  /** What gives labels to images that come without: a setting and what it does, for messages. */
  readonly labelRemedy?: string;
  /** The labels are all that the images were made from, as `Dataset.factors`. */
  readonly factors?: boolean;
  /** What `vae data fetch` gets; `terms`: a sentence of what the authors ask of who uses them. */
  readonly published?: { readonly files: readonly PublishedFile[]; readonly terms?: string };
  /**
   * What the schema can't say, found before anything is opened.
   *
   * @throws UserError, its message starting with the key: `data_params.splits: expected …`.
   */
  check?(params: Static<P> & DataCommon): void;
  open(params: Static<P> & DataCommon, args: OpenArgs): Promise<Dataset>;
}

/** A data set: its parameters and how to open it. One file, one line in the registry. */
export function defineDataset<P extends TObject, const Name extends string = string>(
  definition: DatasetDefinition<P, Name>,
): DatasetDefinition<P, Name> {
  return definition;
}
