/** An image in a shard, and what belongs to it. */
export interface Sample {
  /** What names it in messages; its part is drawn by this. */
  readonly key: string;
  /** Where the image lies, in a form that its shard reads; undefined: there is none. */
  readonly image: { readonly offset: number; readonly size: number } | undefined;
  /** Its labels in the order of the columns; a sentence where they can't be had. */
  labels(): Promise<readonly (number | string)[] | string>;
}

/** A file with many images, which is read in its order. */
export interface Shard {
  /** Its path, size and time of change, by which a cached index knows it. */
  readonly file: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Its samples in order. @throws DataError where it is damaged */
  samples(): AsyncGenerator<Sample, void, undefined>;
  /** What the decoder takes for the image at that place: a file's name, or bytes. */
  image(offset: number, size: number): Promise<string | Uint8Array>;
}

/** A label as it is written. */
export const numberOrText = (text: string): number | string =>
  text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
