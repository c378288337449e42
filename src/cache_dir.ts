import { accessSync, constants, lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "./errors.ts";

/** Where what is cached goes. */
export interface CachePlace {
  readonly folder: string;
  /** Why it is not the user's own; undefined where it is, or where TFJS_VAE_CACHE names it. */
  readonly instead?: string;
}

/** The user's home folder; undefined for a user that the system doesn't know, without HOME. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The cache folder of the project (libraries, packed data sets, networks): what TFJS_VAE_CACHE names, else the user's
 * own, else, where that can't be written, one of the user's among the system's temporary files.
 *
 * @param parts of it
 * @throws UserError where there is none
 */
export function cachePlace(...parts: string[]): CachePlace {
  const named = namedCache();
  if (named !== undefined) return { folder: join(named, ...parts) };
  const own = ownCache();
  if (own !== undefined && isWritable(join(own, ...parts))) return { folder: join(own, ...parts) };
  const instead =
    own === undefined ? "this user has no home folder" : `${join(own, ...parts)} can't be written`;
  return { folder: join(temporaryCache(instead), ...parts), instead };
}

/** As `cachePlace`, its folder alone; where it is not the user's own, that is said once on standard error. */
export function cacheDir(...parts: string[]): string {
  const { folder, instead } = cachePlace(...parts);
  if (instead !== undefined && !said) {
    said = true;
    console.error(`note   ${instead}: ${folder} is used; TFJS_VAE_CACHE names another folder`);
  }
  return folder;
}
let said = false;

/** What may lie in the cache: in the user's own where it is there, though that may not be written, else where it would go. */
export function inCache(...parts: string[]): string {
  const own = namedCache() ?? ownCache();
  const place = own && join(own, ...parts);
  return place !== undefined && (isThere(place) || isWritable(place)) ? place : cachePlace(...parts).folder;
}

function namedCache(): string | undefined {
  const named = process.env.TFJS_VAE_CACHE;
  if (!named) return undefined;
  if (!/^~(?=\/|$)/.test(named)) return named;
  const home = homeFolder();
  if (home === undefined)
    throw new UserError(`TFJS_VAE_CACHE: expected a folder, got "${named}", and this user has no home folder.`);
  return join(home, named.slice(1));
}

/** By the system's own rules. */
function ownCache(): string | undefined {
  const { env, platform } = process;
  const home = homeFolder();
  const of = (named: string | undefined, ...standard: string[]) => named || (home && join(home, ...standard));
  if (platform === "darwin") return of(undefined, "Library", "Caches", "tfjs-vae");
  const root = platform === "win32" ? of(env.LOCALAPPDATA, "AppData", "Local") : of(env.XDG_CACHE_HOME, ".cache");
  return root && join(root, "tfjs-vae", ...(platform === "win32" ? ["Cache"] : []));
}

/** A folder among temporary files that nobody but this user may write to. */
function temporaryCache(instead: string): string {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), `tfjs-vae${uid === undefined ? "" : `-${uid}`}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    const own = stat.isDirectory() && (uid === undefined || (stat.uid === uid && (stat.mode & 0o022) === 0));
    if (own && isWritable(folder)) return folder;
  } catch {} // as where it is another's
  throw new UserError(
    `${instead}, nor ${folder}. Name a folder to write to in TFJS_VAE_CACHE (libraries and packed data go there).`,
  );
}

/** Whether `path`, or the nearest folder above it that is there, may be written. */
function isWritable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    try {
      accessSync(at, constants.W_OK | (isFolder(at) ? constants.X_OK : 0));
      return isFolder(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(at) === at) return false;
    }
  }
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
  ? isThere(join(path, "."))
  : (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
