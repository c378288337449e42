import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Answer, Refusal } from "./answer.ts";
import type { Picture } from "./api.ts";
import { withFile } from "./inside.ts";
import type { RunEntry } from "./run_entry.ts";

/** Folders of a run with a picture a validation. */
const KINDS = {
  Samples: "samples",
  FittedSamples: "fittedSamples",
  Reconstructions: "reconstructions",
  Traversals: "traversals",
} as const;
type Kind = keyof typeof KINDS;

const NAME = /^epoch_(\d{1,9})\.png$/;
const MOST_BYTES = 64 << 20;

/** The pictures of all validations of a run, by kind, oldest first. */
export async function picturesOf({ id, files }: RunEntry): Promise<Picture[]> {
  const kinds = Object.keys(KINDS) as Kind[];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const names = await readdir(files[KINDS[kind]]).catch(() => []);
      return names.flatMap((name): Picture[] => {
        const epoch = NAME.exec(name)?.[1];
        if (epoch === undefined) return [];
        const url = `/api/picture?${new URLSearchParams({ run: id, kind, name })}`;
        return [{ kind, epoch: Number(epoch), url }];
      });
    }),
  );
  return lists.flatMap((list) => list.sort((a, b) => a.epoch - b.epoch));
}

/** @throws Refusal where there is no such picture in the run */
export async function pictureOf(entry: RunEntry, kind: string | null, name: string | null): Promise<Answer> {
  const known = kind !== null && Object.hasOwn(KINDS, kind) && name !== null && NAME.test(name);
  const file = known && join(entry.files[KINDS[kind as Kind]], name);
  const body = file
    ? await withFile(entry.root, file, async (handle) =>
        (await handle.stat()).size > MOST_BYTES ? undefined : handle.readFile(),
      )
    : undefined;
  if (body === undefined) throw new Refusal(404, `The run has no such picture: ${kind}, ${name}.`);
  return { status: 200, type: "image/png", body, headers: { "Cache-Control": "private, max-age=5" } };
}
