import { homedir } from "node:os";
import { join } from "node:path";
import envPaths from "env-paths";

/**
 * The user's cache folder of the project: libraries, packed data sets. TFJS_VAE_CACHE names another.
 */
export function cacheDir(...parts: string[]): string {
  const named = process.env.TFJS_VAE_CACHE;
  const root = named ? named.replace(/^~(?=\/|$)/, homedir()) : envPaths("tfjs-vae", { suffix: "" }).cache;
  return join(root, ...parts);
}
