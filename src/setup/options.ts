import type { OnProgress } from "../download/unpack.ts";

export interface SetupOptions {
  /** A wheel on disk to take the library from. */
  readonly wheel?: string | undefined;
  /** A Python's executable whose installed TensorFlow is used where it lies. */
  readonly python?: string | undefined;
  /** The library with CUDA, 3.4 GB to download. */
  readonly gpu?: boolean | undefined;
  /** Get it again where it is there. */
  readonly force?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Takes what a user may want to know of the way, a sentence at a time. */
  readonly say?: ((text: string) => void) | undefined;
  /** Show pip's own output where pip downloads. */
  readonly showPip?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}
