import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { inCache } from "../../files/cache_dir.ts";

/** TensorFlow's release that the project is tested with. */
export const TENSORFLOW_VERSION = "2.21.0";
/** The two members of its wheel that are needed at run time; no Python. */
export const LIBRARY_FILES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;

const NAMES = ["libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib"];

export interface FoundLibrary {
  /** The file to load. */
  readonly file: string;
  /** How it was found: "TFJS_VAE_TENSORFLOW", "cache" or the manifest's own word. */
  readonly from: string;
}

/** Folder of the library that `vae setup tensorflow` gets. */
export function libraryFolder(gpu = false): string {
  return inCache(gpu ? "tensorflow-gpu" : "tensorflow", TENSORFLOW_VERSION);
}

/** What `vae setup` writes last, so that half a library is never taken for one. */
export interface Manifest {
  /** Folder of the library's files. */
  readonly folder: string;
  readonly from: string;
  readonly version: string;
  /** Bytes by file name. */
  readonly files: Readonly<Record<string, number>>;
}

export const MANIFEST = "manifest.json";

/**
 * The library to load, or undefined: the folder or file that TFJS_VAE_TENSORFLOW names, else the GPU's or the
 * CPU's of `vae setup tensorflow`.
 */
export function findLibrary(): FoundLibrary | undefined {
  const named = process.env.TFJS_VAE_TENSORFLOW;
  if (named) {
    const file = [named, ...NAMES.map((name) => join(named, name))].find(
      (f) => /\.(so|dylib)/.test(f) && existsSync(f),
    );
    return file === undefined ? undefined : { file, from: "TFJS_VAE_TENSORFLOW" };
  }
  for (const folder of [libraryFolder(true), libraryFolder()]) {
    const manifest = readManifest(folder);
    const file = manifest && NAMES.map((name) => join(manifest.folder, name)).find(existsSync);
    if (manifest !== undefined && file !== undefined) return { file, from: manifest.from };
  }
  return undefined;
}

/** The manifest of a folder that `vae setup` filled. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/** The manifest of `folder`, if every file that it names is there with its size. */
export function wholeLibrary(folder: string): Manifest | undefined {
  const manifest = readManifest(folder);
  if (manifest === undefined) return undefined;
  const whole = Object.entries(manifest.files ?? {}).every(
    ([name, bytes]) => statSync(join(manifest.folder, name), { throwIfNoEntry: false })?.size === bytes,
  );
  return whole ? manifest : undefined;
}

/** The manifest of a library that `vae setup` got, if all of it is there. */
export function wholeManifest({ file }: FoundLibrary): Manifest | undefined {
  const folder = [libraryFolder(true), libraryFolder()].find(
    (f) => readManifest(f)?.folder === dirname(file),
  );
  return folder === undefined ? undefined : wholeLibrary(folder);
}

/** Whether a library is all there, as far as that is known: not of one that TFJS_VAE_TENSORFLOW names. */
export const isWhole = (library: FoundLibrary): boolean =>
  library.from === "TFJS_VAE_TENSORFLOW" || wholeManifest(library) !== undefined;
