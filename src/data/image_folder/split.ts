import { createHash } from "node:crypto";

export type Part = "train" | "val" | "test";
const PARTS: readonly Part[] = ["train", "val", "test"];

export interface Shares {
  readonly val: number;
  readonly test: number;
}

export interface Assigned {
  /** Of each path; undefined: in none, as it lies outside the folders of the parts. */
  readonly parts: readonly (Part | undefined)[];
  /** Whether the first folder of a path is its split. */
  readonly byFolder: boolean;
  readonly note: string;
}

/** Below so many images, chance alone may leave parts far from their shares. */
const FEW = 50;

/** Whether the first folder of a path is its split; auto: where all are in train/, or some and others in val/ or test/. */
export function isByFolder(paths: readonly string[], mode: "auto" | "always" | "never"): boolean {
  if (mode !== "auto") return mode === "always";
  const found = new Set(paths.map(partOfFolder));
  return found.has("train") && (found.has("val") || found.has("test") || found.size === 1);
}

/** The part of each image. By folders, a part without a folder takes its share of the training images. */
export function assignParts(paths: readonly string[], byFolder: boolean, shares: Shares): Assigned {
  if (!byFolder) {
    const { parts, counts } = draw(paths, shares);
    const how = counts ?? `${percent(shares.val)} val, ${percent(shares.test)} test, the rest train`;
    return { byFolder, parts, note: `By a hash of each image's path${counts ? "" : ":"} ${how}.` };
  }
  const folders = paths.map(partOfFolder);
  const has = (part: Part) => folders.includes(part);
  const open = { val: has("val") ? 0 : shares.val, test: has("test") ? 0 : shares.test };
  const drawn = draw(
    paths.filter((_, i) => folders[i] === "train"),
    open,
  );
  let next = 0;
  const parts = folders.map((part) => (part === "train" ? drawn.parts[next++] : part));
  const outside = parts.filter((part) => part === undefined).length;
  const cut = (["val", "test"] as const).filter((part) => open[part] > 0);
  const there = PARTS.filter(has);
  const sentences = [
    `By the sub-folder${there.length > 1 ? "s" : ""} ${there.join(", ")}.`,
    ...(drawn.counts
      ? [`No folder ${cut.join(", ")}: train is split by a hash of the path ${drawn.counts}.`]
      : cut.map((part) => `No folder ${part}: ${percent(open[part])} of train by a hash of the path.`)),
    ...(outside > 0 ? [`${outside} images outside these folders are left out.`] : []),
  ];
  return { parts, byFolder, note: sentences.join(" ") };
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
/** Names that others give them. */
const ALIKE =
  /^(train|training|val|valid|validation|dev|eval|test|testing)([ _.-]?(set|data|images))?[ _.-]?\d*$/i;

/** The part that a sub-folder's name stands for, if it does. */
export function partOfFolder(path: string): Part | undefined {
  const slash = path.indexOf("/");
  return slash < 0 ? undefined : FOLDERS.get(path.slice(0, slash).toLowerCase());
}

/** What to do about folders that look like splits and aren't read as such. */
export function splitHints(paths: readonly string[], labelled: boolean): string[] {
  const above = commonFolder(paths);
  const tops = [...new Set(paths.map((path) => path.slice(above.length).split("/")).flatMap(firstFolder))];
  const alike = tops.filter((name) => ALIKE.test(name)).sort();
  if (alike.length === 0) return [];
  const names = alike.map((name) => `${above}${name}/`).join(", ");
  const remedy =
    above === ""
      ? "For splits name them train, val and test (links will do), or say data_params.split_folders: always"
      : `If they are splits, let data_path end in /${above.slice(0, -1)}`;
  return [`${names}: read as ${labelled ? "classes" : "any sub-folders"}, not as splits. ${remedy}.`];
}

const firstFolder = (names: readonly string[]): string[] => (names.length > 1 ? [names[0]!] : []);

/** The folder that all paths lie in, with a slash at the end, unless its name is that of a split. */
function commonFolder(paths: readonly string[]): string {
  const [first = ""] = paths;
  let above = "";
  for (const name of first.split("/").slice(0, -1)) {
    const longer = `${above}${name}/`;
    if (ALIKE.test(name) || !paths.every((path) => path.startsWith(longer))) break;
    above = longer;
  }
  return above;
}

/**
 * The part of each image by a hash of its path, so that more images move none. By the count of the images, in the order
 * of the hash, where that would leave validation none, or where of few images a part would get more or fewer than its
 * share by above a tenth of them; `counts` says so.
 */
function draw(paths: readonly string[], shares: Shares): { parts: Part[]; counts?: string } {
  const places = paths.map(placeOf);
  const parts = places.map((place): Part => {
    if (place < shares.test) return "test";
    return place < shares.test + shares.val ? "val" : "train";
  });
  const all = paths.length;
  const wanted = { ...shares, train: 1 - shares.val - shares.test };
  const off = (part: Part) => Math.abs(count(parts, part) - wanted[part] * all) > Math.max(1, all / 10);
  const noVal = all > 1 && shares.val > 0 && !parts.includes("val");
  if (!noVal && !(all < FEW && PARTS.some(off))) return { parts };
  const val = shares.val > 0 && all > 1 ? Math.max(1, Math.round(shares.val * all)) : 0;
  const test = Math.min(all - 1 - val, Math.round(shares.test * all));
  const byCount = parts.slice();
  const order = [...paths.keys()].sort((a, b) => places[a]! - places[b]!);
  order.forEach((image, n) => {
    byCount[image] = n < test ? "test" : n < test + val ? "val" : "train";
  });
  const listed = (of: readonly Part[]) => PARTS.map((part) => `${count(of, part)} ${part}`).join(", ");
  return { parts: byCount, counts: `and their count: ${listed(byCount)} (the hash alone: ${listed(parts)})` };
}

const count = (parts: readonly Part[], part: Part): number => parts.filter((p) => p === part).length;

/** From 0 to 1. */
const placeOf = (path: string): number =>
  createHash("sha256").update(path).digest().readUInt32LE(0) / 2 ** 32;
