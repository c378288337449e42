import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { readTorchFile, type TorchTensor } from "../../formats/torch_file.ts";
import { OWN_LAYOUT } from "./export_weights.ts";

export interface Stored {
  readonly shape: readonly number[];
  readonly data: TorchTensor["data"];
}

/** A state_dict, and what was taken of its file, a sentence each. */
export interface StoredState {
  readonly tensors: ReadonlyMap<string, Stored>;
  readonly notes: readonly string[];
}

/** @throws CheckpointError where there is none, or one that this project wrote */
export async function readState(file: string): Promise<StoredState> {
  if (!existsSync(file))
    throw new CheckpointError(`${file}: expected a checkpoint of PyTorch-VAE, got nothing there.`);
  if (await isSafetensors(file)) {
    const { tensors, metadata } = readSafetensors(file);
    refuseOwn(file, metadata);
    return { tensors, notes: [] };
  }
  const { tensors, at, others } = await readTorchFile(file);
  const rest = others.filter((name) => name !== "").map((name) => `"${name}"`);
  const left = rest.length > 0 ? `, not ${rest.slice(0, 5).join(", ")}` : "";
  return { tensors, notes: at === "" ? [] : [`taken from "${at}" in the file${left}`] };
}

/** By its first bytes, the length of its header and the header's brace: a .pth may be one. */
async function isSafetensors(file: string): Promise<boolean> {
  if (extname(file).toLowerCase() === ".safetensors") return true;
  const head = Buffer.alloc(9);
  const handle = await open(file).catch(() => undefined); // whose reader says why
  await handle?.read(head, 0, 9, 0).catch(() => undefined);
  await handle?.close();
  return head[8] === 0x7b && head.readUInt32LE(4) === 0 && head.readUInt32LE(0) > 1;
}

/** @throws CheckpointError for what this project wrote in its own layout */
function refuseOwn(file: string, { format = "", layout }: Readonly<Record<string, string>>): void {
  const own = `${file}: expected a checkpoint of PyTorch-VAE, got`;
  if (format.startsWith("tfjs-vae checkpoint"))
    throw new CheckpointError(`${own} one of this project, which needs no import: vae run --resume RUN.`);
  if (layout === OWN_LAYOUT)
    throw new CheckpointError(
      `${own} weights in this project's own layout. Export them by vae export RUN --format pt-names.`,
    );
}
