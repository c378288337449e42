import { basename } from "node:path";
import { text } from "node:stream/consumers";
import type yauzl from "yauzl";
import { DataError, EngineError } from "../errors.ts";
import type { Platform } from "./platform.ts";

/** What a wheel's zip has for us. */
export interface WheelContents {
  readonly version: string;
  /** The library's files, in the order of `Platform.files`. */
  readonly entries: readonly yauzl.Entry[];
  /** Their size on disk, in bytes. */
  readonly bytes: number;
}

/** The oldest TensorFlow with every op that the backend runs. */
const OLDEST = [2, 16] as const;
const LONGEST_WHEEL_FILE = 1 << 16;

/**
 * The library's members and the version of a wheel.
 *
 * @throws DataError where it is not a wheel of TensorFlow, EngineError where it is another platform's or too old
 */
export async function readWheel(
  zip: yauzl.ZipFile,
  name: string,
  platform: Platform,
): Promise<WheelContents> {
  const byName = new Map<string, yauzl.Entry>();
  for await (const entry of zip.eachEntry()) byName.set(entry.fileName, entry);
  const info = [...byName.keys()].find((n) => /^tensorflow[^/]*\.dist-info\/WHEEL$/.test(n));
  const version = info?.match(/^tensorflow[a-z_]*-([^/-]+)\.dist-info/)?.[1];
  const entry = info === undefined ? undefined : byName.get(info);
  if (entry === undefined || version === undefined || entry.uncompressedSize > LONGEST_WHEEL_FILE)
    throw notTensorFlow(name, "no tensorflow….dist-info/WHEEL");
  const tags = (await text(await zip.openReadStreamPromise(entry))).matchAll(/^Tag: *(\S+)/gm);
  const tag = [...tags].map((m) => m[1]!).join(" ");
  if (!platform.tag.test(tag)) {
    throw new EngineError(
      `${basename(name)}: expected a wheel for ${platform.name}, got one for ${tag}. Get the wheel of ${platform.package} for this computer.`,
    );
  }
  checkVersion(version, basename(name));
  const entries = platform.files.map((file) => {
    const found = byName.get(`tensorflow/${file}`);
    if (found === undefined) throw notTensorFlow(name, `no tensorflow/${file}`);
    return found;
  });
  return { version, entries, bytes: entries.reduce((sum, e) => sum + e.uncompressedSize, 0) };
}

function notTensorFlow(name: string, because: string): DataError {
  return new DataError(
    `${basename(name)}: expected a wheel of tensorflow-cpu or tensorflow, got one with ${because}. Get one by: pip download --no-deps tensorflow-cpu==2.21.0`,
  );
}

/** @throws EngineError for a TensorFlow that is too old for the backend */
export function checkVersion(version: string, where: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new EngineError(
    `${where}: expected TensorFlow ${OLDEST.join(".")} or later, got ${version}. Get a newer one, or none: vae setup tensorflow gets 2.21.0 itself.`,
  );
}
