import { DataError } from "../errors.ts";

/** A regular file in a tar archive. */
export interface TarMember {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Most of a long name or of extended attributes that is read. */
const LONGEST = 1 << 20;

/** Bytes of an archive from a place on; fewer at its end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/**
 * The regular files of a tar archive (POSIX ustar and pax, GNU's long names and sizes) in their order, with where their
 * bytes lie. Only headers are read: libraries for tar give no positions, or read all that lies between.
 * `size`: bytes of the archive; `file` is for errors.
 *
 * @throws DataError at a header that is damaged, and where the archive ends in the middle of a file
 */
export async function* tarMembers(
  read: ReadAt,
  size: number,
  file: string,
): AsyncGenerator<TarMember, void, undefined> {
  let longName: string | undefined;
  let extended: { path?: string; size?: number } = {};
  let at = 0;
  while (at + BLOCK <= size) {
    const header = Buffer.from(await read(at, BLOCK));
    if (header.length < BLOCK || header.every((byte) => byte === 0)) return; // the end
    if (!isWhole(header))
      throw new DataError(
        `${file}: expected a tar archive, got a header with a wrong checksum at byte ${at}.`,
      );
    const type = String.fromCharCode(header[156]!);
    const length = extended.size ?? numberIn(header, 124, 12);
    const offset = at + BLOCK;
    if (offset + length > size)
      throw new DataError(`${file}: cut short: ${textIn(header, 0, 100)} reaches beyond its end.`);
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
    if (type === "L" || type === "x") {
      if (length > LONGEST) throw new DataError(`${file}: damaged: a name of ${length} bytes.`);
      const bytes = Buffer.from(await read(offset, length));
      if (type === "L") longName = textIn(bytes, 0, bytes.length);
      else extended = attributesIn(bytes);
      continue;
    }
    const name = extended.path ?? longName ?? nameIn(header);
    longName = undefined;
    extended = {};
    if (type === "0" || type === "\0" || type === "7") yield { name, offset, size: length };
  }
  if (at !== size) throw new DataError(`${file}: cut short, after ${size} bytes. Get it again.`);
}

/** The sum of a header's bytes, those of the checksum as spaces. */
function isWhole(header: Buffer): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  return sum === numberIn(header, 148, 8);
}

/** In octal, or, as GNU writes large ones, in binary behind a byte of 128. */
function numberIn(bytes: Buffer, at: number, length: number): number {
  if (bytes[at]! & 0x80) return Number(bytes.readBigUInt64BE(at + length - 8));
  return Number.parseInt(textIn(bytes, at, length).trim() || "0", 8);
}

function textIn(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

function nameIn(header: Buffer): string {
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textIn(header, 345, 155) : "";
  return (prefix === "" ? "" : `${prefix}/`) + textIn(header, 0, 100);
}

/** Records `LENGTH KEY=VALUE\n`. */
function attributesIn(bytes: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(bytes.toString("latin1", at, space));
    if (space < 0 || !(length > space - at)) break;
    const [key, value] = splitOnce(bytes.toString("utf8", space + 1, at + length - 1));
    if (key === "path") found.path = value;
    if (key === "size") found.size = Number(value);
    at += length;
  }
  return found;
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
