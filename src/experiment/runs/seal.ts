import { createHash } from "node:crypto";

/** Metadata that `sealed` fills: room for a SHA-256 in hex. */
export const UNSEALED: Readonly<Record<string, string>> = { sha256: "0".repeat(64) };

const FIELD = Buffer.from('"sha256":"');
/** A safetensors header begins with its metadata, and the seal with what else is there is short. */
const WITHIN = 1 << 16;

/**
 * `file`, a safetensors file with `UNSEALED` in its metadata, with the SHA-256 in its place: that of all its
 * bytes, the digits themselves taken as zeros. So the file stays plain safetensors, and a change of any byte shows,
 * in the header too.
 */
export function sealed(file: Uint8Array): Uint8Array {
  const at = digitsAt(file);
  if (at === undefined) throw new Error("no room for a seal");
  file.set(Buffer.from(digest(file, at)), at);
  return file;
}

/** Whether `file` is as `sealed` left it. */
export function isWhole(file: Uint8Array): boolean {
  const at = digitsAt(file);
  return at !== undefined && Buffer.from(file.subarray(at, at + 64)).toString("latin1") === digest(file, at);
}

function digitsAt(file: Uint8Array): number | undefined {
  const found = Buffer.from(file.buffer, file.byteOffset, Math.min(WITHIN, file.length)).indexOf(FIELD);
  const at = found + FIELD.length;
  return found < 0 || at + 64 > file.length ? undefined : at;
}

function digest(file: Uint8Array, at: number): string {
  return createHash("sha256")
    .update(file.subarray(0, at))
    .update(UNSEALED.sha256!)
    .update(file.subarray(at + 64))
    .digest("hex");
}
