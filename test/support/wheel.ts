import { crc32, deflateRawSync } from "node:zlib";
import { TENSORFLOW_VERSION } from "../../src/backends/tensorflow/library.ts";
import { platformOf } from "../../src/setup/platform.ts";

const platform = platformOf();
const TAGS: Readonly<Record<string, string>> = {
  "linux x64": "manylinux_2_27_x86_64",
  "linux arm64": "manylinux_2_27_aarch64",
  "darwin arm64": "macosx_12_0_arm64",
};
const DISTRIBUTION = platform.package.replace("-", "_");

/** This computer's tag. */
const TAG = `cp312-cp312-${TAGS[platform.name]}`;
export const WHEEL_NAME = `${DISTRIBUTION}-${TENSORFLOW_VERSION}-${TAG}.whl`;
/** The library's names on this computer. */
export const LIBRARY = platform.files;

/** `bytes` of noise that does not compress, another for each `seed`. */
export function noise(bytes: number, seed = 1): Buffer {
  const data = Buffer.alloc(bytes);
  let x = seed;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    data.writeInt32LE(x, at);
  }
  return data;
}

export interface WheelSpec {
  readonly version?: string;
  readonly tag?: string;
  /** Bytes of the first library file; the other has a tenth. */
  readonly bytes?: number;
  readonly seed?: number;
  /** Members to leave out. */
  readonly without?: readonly string[];
  readonly deflate?: boolean;
}

/** A wheel as TensorFlow's are laid out, its library noise. */
export function wheel(spec: WheelSpec = {}): Buffer {
  const { without = [] } = spec;
  const { version = TENSORFLOW_VERSION, tag = TAG, deflate = true } = spec;
  const info = `${DISTRIBUTION}-${version}.dist-info`;
  const libraries = Object.entries(libraryBytes(spec)).map(([name, data]) => [`tensorflow/${name}`, data]);
  const members: Record<string, Buffer> = {
    "tensorflow/__init__.py": Buffer.from("raise ImportError\n"),
    ...Object.fromEntries(libraries),
    "tensorflow/python/big.py": noise(200_000, 9),
    [`${info}/METADATA`]: Buffer.from(metadata(version)),
    [`${info}/WHEEL`]: Buffer.from(`Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: ${tag}\n`),
    [`${info}/RECORD`]: Buffer.from(""),
  };
  for (const name of without) delete members[name];
  return zip(members, deflate);
}

/** The library's files as `wheel` has them. */
export function libraryBytes({ bytes = 50_000, seed = 1 }: WheelSpec = {}): Record<string, Buffer> {
  return Object.fromEntries(LIBRARY.map((name, i) => [name, noise(bytes / 10 ** i, seed + i)]));
}

export const metadata = (version: string): string =>
  `Metadata-Version: 2.1\nName: ${platform.package}\nVersion: ${version}\n`;

/** A zip archive; `mode` is that of its members on a Unix system. */
export function zip(members: Readonly<Record<string, Buffer>>, deflate = true, mode = 0o644): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, data] of Object.entries(members)) {
    const body = deflate ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE((mode << 16) >>> 0, 6);
    place.writeUInt32LE(at, 10);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), body]);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), common, place, Buffer.from(name));
    locals.push(local);
    at += local.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(locals.length, 8);
  end.writeUInt16LE(locals.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}
