import { ConfigError, EngineError } from "../errors.ts";
import type { Place } from "../process/place.ts";
import { didYouMean } from "../text/suggest.ts";
import { tf } from "../tf.ts";
import type { BackendDefinition, BackendInfo, StartOptions } from "./define.ts";
import { autoBackends, backendNamed, backendNames, backends } from "./registry.ts";

export type { BackendInfo } from "./define.ts";
export { type BackendName, backendNames } from "./registry.ts";

export interface BackendOptions {
  /** What `auto` tries first, and another one where that can't be used. Default: the first that is there. */
  readonly prefer?: string | undefined;
  /** Whether `auto` says what would let a backend compute that is not there. Default: where none is preferred. */
  readonly advise?: boolean;
  /** See `StartOptions`. */
  readonly place?: Place | undefined;
  /** Takes a sentence for the user: that `auto` left a backend out, and why. Default: to standard error. */
  say?(text: string): void;
}

/**
 * Makes a backend tfjs's own from here on. `auto` is `prefer`, by default the first one that is set up (an
 * accelerator by XLA before TensorFlow's library, and that before wasm, which needs nothing); and another one, with a
 * note, where that one can't be used.
 *
 * @throws ConfigError for an unknown name, EngineError where the backend is missing or does not load
 */
export async function useBackend(name: string, options: BackendOptions = {}): Promise<BackendInfo> {
  if (!backendNames.some((known) => known === name)) throw unknownBackend(name, backendNames);
  const { say = console.error, prefer, advise = prefer === undefined, place } = options;
  if (name === "auto") return preferred(prefer, advise, say);
  const [known, device] = name.split(":") as [string, string?];
  return start(backendNamed(known)!, { device, place, say });
}

/** Of a name that is none of `names`. */
export const unknownBackend = (name: string, names: readonly string[]): ConfigError =>
  new ConfigError(`--backend: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`);

async function preferred(
  prefer: string | undefined,
  advise: boolean,
  say: StartOptions["say"],
): Promise<BackendInfo> {
  const there = autoBackends.filter(({ auto }) => auto.isThere());
  const first = prefer === undefined ? there[0]! : backendNamed(prefer)!;
  if (advise)
    for (const { auto } of autoBackends.filter((backend) => !there.includes(backend)))
      for (const advice of auto.advice?.() ?? []) say(`note   ${advice}`);
  try {
    return await start(first, { say });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    for (const second of there) {
      if (second === first) continue;
      const info = await start(second, { say }).catch(() => undefined);
      if (info === undefined) continue;
      say(`note   backend ${first.name} is left out, ${second.name} computes: ${error.message}`);
      return info;
    }
    throw error;
  }
}

/** @throws EngineError where it is missing or does not load, or tfjs can't make it */
async function start(backend: BackendDefinition, options: StartOptions): Promise<BackendInfo> {
  const { name } = backend;
  await backend.register(options);
  if (await tf.setBackend(name)) return { name, ...(await backend.describe()) };
  const others = backends.map((other) => other.name).filter((other) => other !== name);
  throw new EngineError(
    `tfjs can't start the backend ${name}. Choose another: --backend ${others.join(", ")}.`,
  );
}
