import { type Dirent, type Stats, statSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, isAbsolute, join, sep } from "node:path";
import type { Minimatch } from "minimatch";
import { ConfigError, DataError } from "../../errors.ts";
import type { OpenArgs } from "../dataset.ts";

/** What the decoder reads, by name. */
export const IMAGE_FILES = "**/*.{jpg,jpeg,jpe,jfif,png,webp,tif,tiff,gif,avif}";

export interface ImageFile {
  /** Relative to data_path, with forward slashes. */
  readonly path: string;
  /** Bytes; -1 where the file can't be looked at. */
  readonly size: number;
  /** Last change, in milliseconds since 1970. */
  readonly mtime: number;
  /** Who may read it: a file that was skipped is tried again after its permissions change. */
  readonly readable: number;
  /** The file itself, where a link leads to it. */
  readonly real?: string;
}

export interface Listing {
  /** The folder itself, where a link leads to it. */
  readonly root: string;
  /** In order of path. Links may lead to one file by several. */
  readonly files: readonly ImageFile[];
  /** Files that fit no pattern, hidden ones apart. */
  readonly others: readonly string[];
  /** Folders that can't be listed. */
  readonly closed: readonly string[];
  /** Links of names that fit no pattern and that lead nowhere. */
  readonly dangling: readonly string[];
  /** Links to folders that are listed already. */
  readonly again: readonly string[];
}

/** Files looked at at a time. */
const STATS = 256;
/** Where one takes longer, as over a network, they are looked at side by side: else that takes four times the work. */
const QUICK_MS = 0.5;
/** A listing that takes longer says how far it is. */
const PATIENCE_MS = 300;

/**
 * The files below `folder` that fit one of `patterns`, whatever the case of their letters. Links are followed, to files
 * and to folders; below each entry of `folder` a folder is listed once, so that loops end and `train/` and `val/` may
 * both lead to it.
 *
 * @throws DataError where `folder` can't be listed, ConfigError for a pattern that leads out of it
 */
export async function listImages(
  folder: string,
  patterns: readonly string[],
  progress?: OpenArgs["progress"],
): Promise<Listing> {
  const walk = new Walk(folder, await matchers(patterns), saying(folder, progress));
  return walk.run();
}

async function matchers(patterns: readonly string[]): Promise<Minimatch[]> {
  const { Minimatch } = await import("minimatch"); // checking a config need not load it
  return patterns.map((pattern) => {
    const below = pattern.replace(/^(\.\/)+/, "");
    if (isAbsolute(below) || below.split("/")[0] === "..") {
      throw new ConfigError(
        `data_params.pattern: expected a glob of files below data_path, got "${pattern}". Name the folder above them as data_path.`,
      );
    }
    return new Minimatch(below, { nocase: true });
  });
}

/** Says how many files were found, once it takes a while. */
function saying(folder: string, progress: OpenArgs["progress"]): (found: number, ended?: boolean) => void {
  const start = Date.now();
  let said = false;
  return (found, ended = false) => {
    if (ended ? !said : Date.now() - start < PATIENCE_MS) return;
    said = true;
    progress?.(`listing ${folder}`, found, ended ? found : Number.POSITIVE_INFINITY);
  };
}

/** An entry by its name in the folder, and where it really lies. */
interface Place {
  /** Relative, with a slash at the end but for the folder itself, "". */
  readonly path: string;
  readonly real: string;
}

class Walk {
  private readonly found: { path: string; real?: string }[] = [];
  private readonly others = new Map<string, string>();
  private readonly closed: string[] = [];
  private readonly dangling: string[] = [];
  private readonly again: string[] = [];
  private readonly listed = new Set<string>();
  private links: { path: string; folder: Place }[] = [];

  constructor(
    private readonly folder: string,
    private readonly wanted: readonly Minimatch[],
    private readonly say: (found: number, ended?: boolean) => void,
  ) {}

  async run(): Promise<Listing> {
    const root = await realpath(this.folder).catch((error) => cantList(this.folder, error));
    await this.list({ path: "", real: root });
    while (this.links.length > 0) {
      const links = this.links.sort((a, b) => (a.path < b.path ? -1 : 1));
      this.links = [];
      for (const link of links) await this.follow(link);
    }
    this.found.sort((a, b) => (a.path < b.path ? -1 : 1));
    const files = await this.look();
    const { closed, dangling, again } = this;
    return { root, files, others: [...this.others.values()].sort(), closed, dangling, again };
  }

  /** All below a folder but what links lead to, which waits: a name of its own goes before a link's. */
  private async list(first: Place, linked = false): Promise<void> {
    const left = [first];
    for (let place = left.pop(); place !== undefined; place = left.pop()) {
      if (!this.isNew(place)) continue;
      for (const entry of await this.entries(place)) {
        const path = place.path + entry.name;
        const real = place.real + (place.real.endsWith(sep) ? "" : sep) + entry.name;
        if (entry.isDirectory()) {
          if (this.leadsOn(path)) left.push({ path: `${path}/`, real });
        } else if (entry.isSymbolicLink()) this.links.push({ path, folder: place });
        else if (!entry.isFile()) continue;
        else if (this.fits(path)) this.found.push(linked ? { path, real } : { path });
        else this.leaveOut(path, real);
      }
      this.say(this.found.length);
    }
  }

  private async follow({ path, folder }: { path: string; folder: Place }): Promise<void> {
    const file = join(this.folder, path);
    const [info, real] = await Promise.all([
      stat(file).catch(() => undefined),
      realpath(file).catch(() => undefined),
    ]);
    if (info === undefined || real === undefined) {
      if (this.fits(path)) this.found.push({ path });
      else if (!isHidden(path)) this.dangling.push(path);
    } else if (info.isFile()) {
      if (this.fits(path)) this.found.push({ path, real });
      else this.leaveOut(path, real);
    } else if (info.isDirectory() && this.leadsOn(path)) {
      const place = { path: `${path}/`, real };
      const loop = `${folder.real}${sep}`.startsWith(`${real}${sep}`);
      if (loop || this.listed.has(key(place))) this.again.push(path);
      else await this.list(place, true);
    }
  }

  private isNew(place: Place): boolean {
    const before = this.listed.size;
    return this.listed.add(key(place)).size > before;
  }

  private async entries({ path, real }: Place): Promise<Dirent[]> {
    try {
      return await readdir(real, { withFileTypes: true });
    } catch (error) {
      if (path === "") return cantList(this.folder, error as NodeJS.ErrnoException);
      this.closed.push(path);
      return [];
    }
  }

  private fits(path: string): boolean {
    return this.wanted.some((pattern) => pattern.match(path));
  }

  /** Whether a file below the folder may fit. */
  private leadsOn(path: string): boolean {
    return this.wanted.some((pattern) => pattern.match(path, true));
  }

  private leaveOut(path: string, real: string): void {
    if (!isHidden(path) && !this.others.has(real)) this.others.set(real, path);
  }

  /** Sizes and times of what was found. */
  private async look(): Promise<ImageFile[]> {
    const files: ImageFile[] = [];
    let quick = true;
    for (let from = 0; from < this.found.length; from += STATS) {
      const some = this.found.slice(from, from + STATS);
      const start = performance.now();
      const infos = quick
        ? some.map(({ path }) => lookNow(join(this.folder, path)))
        : await Promise.all(some.map(({ path }) => stat(join(this.folder, path)).catch(() => undefined)));
      quick &&= performance.now() - start < QUICK_MS * some.length;
      some.forEach((found, i) => {
        files.push(toImageFile(found, infos[i]));
      });
      await new Promise(setImmediate); // signals get their turn
      this.say(files.length);
    }
    this.say(files.length, true);
    return files;
  }
}

function lookNow(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const toImageFile = (found: { path: string; real?: string }, info: Stats | undefined): ImageFile => ({
  path: found.path,
  size: info?.size ?? -1,
  mtime: info?.mtimeMs ?? 0,
  readable: (info?.mode ?? 0) & 0o444,
  ...(found.real !== undefined && { real: found.real }),
});

/** A folder below one entry of the top. */
const key = ({ path, real }: Place): string => `${path.slice(0, path.indexOf("/") + 1)}\0${real}`;

const isHidden = (path: string): boolean => path.split("/").some((name) => name.startsWith("."));

function cantList(folder: string, error: NodeJS.ErrnoException): never {
  const why = error.code === "EACCES" ? "no permission to list it" : error.message;
  throw new DataError(`${folder}: expected a folder whose files can be listed, got ${why}.`, {
    cause: error,
  });
}

/** `3 .bmp, 1 .heic`: how many files there are of each ending, the most first. */
export function endings(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const ending = extname(path).toLowerCase() || "without an ending";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = most.slice(6).reduce((sum, [, count]) => sum + count, 0);
  const shown = most.slice(0, 6).map(([ending, count]) => `${count} ${ending}`);
  return [...shown, ...(rest > 0 ? [`${rest} of other endings`] : [])].join(", ");
}
