import { saidOfCache } from "../files/cache_dir.ts";
import { tf } from "../tf.ts";

/** Has tfjs and the cache say nothing from here on. */
export function silence(): void {
  saidOfCache();
  tf.env().set("PROD", true); // of which tfjs asks before it warns, and nowhere else
}
