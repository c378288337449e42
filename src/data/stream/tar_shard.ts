import { open } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import { type TarMember, tarMembers } from "../../formats/tar.ts";
import { type FilePool, windowed } from "./file_pool.ts";
import { numberOrText, type Sample, type Shard } from "./samples.ts";

/** What the decoder reads. */
const IMAGE = /^(.*\.)?(jpg|jpeg|jpe|jfif|png|webp|tif|tiff|gif|avif)$/;
/** Most of a member with labels that is read. */
const LONGEST = 1 << 20;

/** Where a sample's labels come from: the member of that ending whole, or keys of its JSON. */
export type LabelsFrom = { readonly member: "cls" } | { readonly json: readonly string[] } | undefined;

/**
 * A tar as WebDataset writes it: members that share a name up to the first dot of its last part, one after another, are a
 * sample (https://github.com/webdataset/webdataset). The first image of a sample is taken.
 */
export function tarShard(
  stat: Pick<Shard, "file" | "bytes" | "mtimeMs">,
  pool: FilePool,
  from: LabelsFrom,
): Shard {
  const { file, bytes } = stat;
  const read = (offset: number, size: number) => pool.read(file, offset, size);
  return {
    ...stat,
    image: read,
    async *samples(): AsyncGenerator<Sample, void, undefined> {
      if (/\.t?gz$/i.test(file))
        throw new DataError(
          `${file}: expected a tar that is not compressed, as images are already. Unpack it with gunzip.`,
        );
      const handle = await open(file);
      try {
        let key: string | undefined;
        let members: { ending: string; member: TarMember }[] = [];
        for await (const member of tarMembers(windowed(handle), bytes, file)) {
          const [name, ending] = splitName(member.name);
          if (key !== undefined && name !== key) {
            yield sampleOf(key, members, from, read);
            members = [];
          }
          key = name;
          members.push({ ending, member });
        }
        if (key !== undefined) yield sampleOf(key, members, from, read);
      } finally {
        await handle.close();
      }
    },
  };
}

/** `a/b.c/0001` and `png` of `a/b.c/0001.png`. */
function splitName(name: string): [key: string, ending: string] {
  const slash = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", slash);
  return dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

function sampleOf(
  key: string,
  members: readonly { ending: string; member: TarMember }[],
  from: LabelsFrom,
  read: (offset: number, size: number) => Promise<Uint8Array>,
): Sample {
  const textOf = async (ending: string): Promise<string | undefined> => {
    const member = members.find((m) => m.ending === ending)?.member;
    if (member === undefined || member.size > LONGEST) return undefined;
    return Buffer.from(await read(member.offset, member.size)).toString("utf8");
  };
  return {
    key,
    image: members.find(({ ending }) => IMAGE.test(ending))?.member,
    async labels() {
      if (from === undefined) return [];
      if ("member" in from) {
        const text = (await textOf(from.member))?.trim();
        return text ? [numberOrText(text)] : "no .cls";
      }
      const text = await textOf("json");
      if (text === undefined) return "no .json";
      return jsonLabels(text, from.json);
    },
  };
}

function jsonLabels(text: string, keys: readonly string[]): (number | string)[] | string {
  let found: Record<string, unknown>;
  try {
    found = Object(JSON.parse(text));
  } catch {
    return "its .json is none";
  }
  const values: (number | string)[] = [];
  for (const key of keys) {
    const value = found[key];
    if (typeof value === "boolean") values.push(Number(value));
    else if (typeof value === "number" || typeof value === "string") values.push(value);
    else return `no "${key}" in its .json`;
  }
  return values;
}
