import { type Dirent, type Stats, statSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Minimatch } from "minimatch";
import { DataError } from "../../errors.ts";
import { nextTurn } from "../../process/turn.ts";
import type { ImageFile, Listing } from "./listing.ts";

/** Files looked at at a time. */
const STATS = 256;
/** Where one takes longer, as over a network, they are looked at side by side: else that takes four times the work. */
const QUICK_MS = 0.5;
/** An entry by its name in the folder, and where it really lies. */
interface Place {
  /** Relative, with a slash at the end but for the folder itself, "". */
  readonly path: string;
  readonly real: string;
}

/** One listing of a folder by patterns. */
export class Walk {
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
      await nextTurn();
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
