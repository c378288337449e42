import { createHash } from "node:crypto";

export type Part = "train" | "val" | "test";

export interface Shares {
  readonly val: number;
  readonly test: number;
}

export interface Assigned {
  /** Of each path; undefined: in none, for it lies outside the folders of the parts. */
  readonly parts: readonly (Part | undefined)[];
  /** Whether the first folder of a path is its split. */
  readonly byFolder: boolean;
  readonly note: string;
}

/**
 * The part of each image. By folders, a part without a folder takes its share of the training images;
 * auto: by folders where there are images in train/ and in test/ or val/.
 */
export function assignParts(
  paths: readonly string[],
  mode: "auto" | "always" | "never",
  shares: Shares,
): Assigned {
  const folders = paths.map(partOfFolder);
  const has = (part: Part) => folders.includes(part);
  const found = has("train") && (has("val") || has("test"));
  if (mode === "never" || (mode === "auto" && !found)) {
    return {
      byFolder: false,
      parts: paths.map((path) => partByHash(path, shares)),
      note: `By a hash of each image's path: ${percent(shares.val)} val, ${percent(shares.test)} test, the rest train.`,
    };
  }
  const open = { val: has("val") ? 0 : shares.val, test: has("test") ? 0 : shares.test };
  const parts = folders.map((part, i) => (part === "train" ? partByHash(paths[i]!, open) : part));
  const outside = parts.filter((part) => part === undefined).length;
  const cut = (["val", "test"] as const).filter((part) => open[part] > 0);
  const sentences = [
    `By the sub-folders ${(["train", "val", "test"] as const).filter(has).join(", ")}.`,
    ...cut.map((part) => `No folder ${part}: ${percent(open[part])} of train by a hash of the path.`),
    ...(outside > 0 ? [`${outside} images outside these folders are left out.`] : []),
  ];
  return { parts, byFolder: true, note: sentences.join(" ") };
}

/** `10 %`. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

const FOLDERS: ReadonlyMap<string, Part> = new Map([
  ["train", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["test", "test"],
]);

/** The part that a sub-folder's name stands for, if it does. */
function partOfFolder(path: string): Part | undefined {
  const slash = path.indexOf("/");
  return slash < 0 ? undefined : FOLDERS.get(path.slice(0, slash).toLowerCase());
}

/** The part of an image by a hash of its path, so that more images move none. */
function partByHash(path: string, shares: Shares): Part {
  const place = createHash("sha256").update(path).digest().readUInt32LE(0) / 2 ** 32;
  if (place < shares.test) return "test";
  return place < shares.test + shares.val ? "val" : "train";
}
