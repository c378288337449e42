import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";
import { expandHome, homeFolder } from "../process/home_folder.ts";
import { writeProblem } from "./atomic_file.ts";

/** Where what is cached goes. */
export interface CachePlace {
  readonly folder: string;
  /** Why it is not the user's own; undefined where it is, or where TFJS_VAE_CACHE names it. */
  readonly instead?: string;
}

/**
 * The cache folder of the project (libraries, packed data sets, networks): what TFJS_VAE_CACHE names, else the user's
 * own, else, where that can't be written, one of the user's among the system's temporary files.
 *
 * @param parts folders in it
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

/** Has `cacheDir` say nothing, for who prints nothing. */
export function saidOfCache(): void {
  said = true;
}

/**
 * What may lie in the cache: in the one that TFJS_VAE_CACHE names; in the user's own where it is there, though that may
 * not be written; else where it would go.
 */
export function inCache(...parts: string[]): string {
  const named = namedCache();
  if (named !== undefined) return join(named, ...parts);
  const own = ownCache();
  const place = own && join(own, ...parts);
  if (place !== undefined && (existsSync(place) || isWritable(place))) return place;
  return join(temporaryPlace(), ...parts);
}

/** What TFJS_VAE_CACHE names. @throws ConfigError for a ~ of a user without a home folder */
export function namedCache(): string | undefined {
  const named = process.env.TFJS_VAE_CACHE;
  return named ? expandHome(named, "TFJS_VAE_CACHE") : undefined;
}

/** By the system's own rules. */
function ownCache(): string | undefined {
  const { env, platform } = process;
  const home = homeFolder();
  const of = (named: string | undefined, ...standard: string[]) => named || (home && join(home, ...standard));
  if (platform === "darwin") return of(undefined, "Library", "Caches", "tfjs-vae");
  const root =
    platform === "win32" ? of(env.LOCALAPPDATA, "AppData", "Local") : of(env.XDG_CACHE_HOME, ".cache");
  return root && join(root, "tfjs-vae", ...(platform === "win32" ? ["Cache"] : []));
}

const temporaryPlace = (): string => {
  const uid = process.getuid?.();
  return join(tmpdir(), uid === undefined ? "tfjs-vae" : `tfjs-vae-${uid}`);
};

/** A folder among temporary files that nobody but this user may write to. */
function temporaryCache(instead: string): string {
  const folder = temporaryPlace();
  const uid = process.getuid?.();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder); // of a link: no folder
    const own = uid === undefined || (stat.uid === uid && (stat.mode & 0o022) === 0);
    if (stat.isDirectory() && own && isWritable(folder)) return folder;
  } catch {} // as where it is another's
  throw new UserError(
    `${instead}, nor ${folder}. Name a folder to write to in TFJS_VAE_CACHE: libraries and packed data go there.`,
  );
}

/** Whether this process may write in `path`, or make it where it isn't there. */
export function isWritable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      if (!statSync(at).isDirectory()) return false;
      accessSync(at, constants.W_OK | constants.X_OK);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(at) === at) return false;
    }
  }
}

/** `error` of writing `path` as `writeProblem`; of a place in the cache, with what names another one. */
export function cacheProblem(path: string, error: unknown): unknown {
  const problem = writeProblem(path, error);
  if (!(problem instanceof UserError) || error instanceof UserError) return problem;
  if (!resolve(path).startsWith(join(resolve(inCache()), sep))) return problem; // a folder that was chosen for it
  return new UserError(`${problem.message} TFJS_VAE_CACHE names another folder.`, { cause: error });
}
