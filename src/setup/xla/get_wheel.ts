import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Dispatcher } from "undici";
import { download } from "../../download/download.ts";
import type { OnProgress } from "../../download/unpack.ts";
import { UserError } from "../../errors.ts";
import { checkSha256 } from "../from_wheel.ts";
import type { Pip, Wanted } from "../pip.ts";
import { downloadWheel, locateWheel } from "../pip_wheel.ts";
import type { Wheel } from "./wheels.ts";

export interface Getting {
  /** Where wheels lie until all of them are there; what a stopped set-up left is taken up. */
  readonly folder: string;
  readonly pip: Pip;
  readonly http: Dispatcher;
  readonly onProgress?: OnProgress | undefined;
  readonly say?: ((text: string) => void) | undefined;
  readonly showPip?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A wheel as pip's errors say it. */
export const wantedFrom = ({ name }: Wheel): Wanted => ({
  name,
  otherwise: "install jax with its plugin in a Python, where it is found by itself.",
  needs: "it is published for Linux x64 with glibc 2.27 or later (not musl), and needs pip 20.3 or later",
});

/** Name of a wheel that is whole and checked; one of another content has another. */
export const wheelFile = (folder: string, { name, version, sha256 }: Wheel): string =>
  join(folder, `${name}-${version}-${sha256.slice(0, 16)}.whl`);

/**
 * The file of a wheel, whole and with the hash that is known of it: from where pip would take it, by our own download,
 * that is taken up where it was stopped; else downloaded by pip.
 *
 * @throws UserError
 */
export async function getWheel(wheel: Wheel, getting: Getting): Promise<string> {
  const { folder, pip, http, onProgress, say, signal } = getting;
  const file = wheelFile(folder, wheel);
  if (existsSync(file)) return file;
  const scratch = join(folder, `pip-${wheel.name}`);
  await mkdir(scratch, { recursive: true });
  try {
    const requirement = `${wheel.name}==${wheel.version}`;
    const asked = { signal, wanted: wantedFrom(wheel), show: getting.showPip === true };
    const place = await locateWheel(pip, requirement, scratch, { ...asked, show: false });
    if (place?.url.startsWith("file:")) {
      await checkSha256(fileURLToPath(place.url), wheel.sha256, signal);
      return fileURLToPath(place.url);
    }
    if (place !== undefined) {
      try {
        await download({ url: place.url, file, sha256: wheel.sha256, http, onProgress, signal });
        return file;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof UserError) throw error;
        say?.(`${wheel.name}: ${(error as Error).message}; pip downloads it instead`);
      }
    }
    const got = await downloadWheel(pip, requirement, scratch, asked);
    await checkSha256(got, wheel.sha256, signal);
    await rename(got, file);
    return file;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
