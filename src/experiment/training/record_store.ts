import { randomBytes } from "node:crypto";
import { mkdirSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { cacheProblem } from "../../files/cache_dir.ts";
import { fill, writeAll } from "../../files/positional_file.ts";

/** Keeps a training image's record of float32 numbers by its place in the split. */
export interface RecordStore {
  has(index: number): boolean;
  /** The record, which nobody changes. */
  read(index: number): Promise<Float32Array>;
  write(index: number, record: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** `kind` says where records are, `folder` where a file of them is made; `bytes` each has. */
export async function openStore(
  { kind, folder }: { readonly kind: "off" | "memory" | "disk"; readonly folder: string },
  bytes: number,
): Promise<RecordStore> {
  return kind === "disk" ? openDisk(folder, bytes) : inMemory();
}

function inMemory(): RecordStore {
  const records = new Map<number, Float32Array>();
  return {
    has: (index) => records.has(index),
    read: async (index) => records.get(index)!,
    write: async (index, record) => void records.set(index, record),
    close: async () => records.clear(),
  };
}

/** A file without a name: it takes its room until the process ends, however that happens. */
async function openDisk(folder: string, bytes: number): Promise<RecordStore> {
  const file = join(folder, `features-${randomBytes(6).toString("hex")}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    const handle = await open(file, "wx+");
    unlinkSync(file);
    const places = new Map<number, number>();
    return {
      has: (index) => places.has(index),
      read: async (index) => {
        const record = new Float32Array(bytes / 4);
        await fill(handle, new Uint8Array(record.buffer), places.get(index)! * bytes);
        return record;
      },
      write: async (index, record) => {
        const place = places.size;
        try {
          await writeAll(handle, new Uint8Array(record.buffer), place * bytes);
        } catch (error) {
          throw cacheProblem(file, error);
        }
        places.set(index, place);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw cacheProblem(file, error);
  }
}
