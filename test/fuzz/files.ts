import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { packImages } from "../../src/data/image_folder/pack.ts";
import { UserError } from "../../src/errors.ts";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { newRunState } from "../../src/experiment/runs/run_state.ts";
import { sealed, UNSEALED } from "../../src/experiment/runs/seal.ts";
import { readIdx } from "../../src/formats/idx.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { readTorchFile } from "../../src/formats/torch_file.ts";
import { op, tensorOps, torchFile, zip } from "../support/torch_file.ts";
import type { Dice } from "./dice.ts";

interface Kind {
  readonly name: string;
  /** A whole file. */
  seed(dice: Dice): Uint8Array;
  /** Reads it; resolves to why it was skipped, where that is not an error. */
  read(file: string): unknown;
}

const TENSORS = [
  ["a", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["b", { shape: [4], data: Int32Array.of(1, 2, 3, 4) }],
  ["c", { shape: [5], data: Uint8Array.of(1, 2, 3, 4, 5) }],
] as const;

function idx(dice: Dice): Buffer {
  const head = Buffer.alloc(16);
  for (const [i, value] of [0x803, 4, 28, 28].entries()) head.writeUInt32BE(value, 4 * i);
  return Buffer.concat([head, dice.bytes(4 * 28 * 28)]);
}

const checkpoint = (): Uint8Array =>
  sealed(
    writeSafetensors(TENSORS, {
      ...UNSEALED,
      format: "tfjs-vae checkpoint 2",
      model: "VanillaVAE",
      state: JSON.stringify(newRunState()),
    }),
  );

const weights = (): Buffer =>
  torchFile(
    op.dict(
      op.text("w"),
      tensorOps({ elements: 12, shape: [3, 4], strides: [4, 1] }),
      op.text("b"),
      tensorOps({ key: "1", elements: 4, shape: [4], strides: [1] }),
    ),
    { 0: new Float32Array(12), 1: new Float32Array(4) },
  );

/** Names that a pickle calls to run something, or to reach what a reader should not give it. */
const NAMES =
  "os.system posix.system builtins.eval builtins.exec builtins.getattr subprocess.Popen torch.load nt.system runpy.run_path torch._utils.__init__ builtins.__import__ __main__.Model collections.OrderedDict.__reduce__ pickle.loads sys.exit torch.nn.Linear numpy.load".split(
    " ",
  );

/** A pickle that calls a name which no file of tensors needs. */
function hostile(dice: Dice): Buffer {
  const full = dice.pick(NAMES);
  const dot = full.lastIndexOf(".");
  const call = [
    ...op.global(full.slice(0, dot), full.slice(dot + 1)),
    ...op.tuple(op.text(`touch ${dice.pick(["pwned", "/tmp/pwned"])}`)),
    ...op.reduce,
  ];
  const tensor = tensorOps({ elements: 4, shape: [4], strides: [1] });
  return torchFile(op.dict(op.text("w"), dice.pick([call, tensor]), op.text("x"), call), {
    0: new Float32Array(4),
  });
}

/** An archive with names that lead out of a folder, members that claim to be deflated, or many of them. */
function archive(dice: Dice): Buffer {
  const names = [
    "../../pwned",
    "/tmp/pwned",
    "net/../../pwned",
    "C:\\pwned",
    "net\\data.pkl",
    "net/data.pkl",
    "data.pkl",
    "\0",
    "net/data/0",
    "",
  ];
  const count = dice.pick([1, 3, 100]);
  const members = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [i < 3 ? dice.pick(names) : `m${i}`, dice.bytes(20)]),
  );
  return zip(members, dice.pick([0, 8, 12]));
}

const PICTURES = ["jpeg", "png", "webp", "tiff", "gif", "avif"] as const;

const image = (format: (typeof PICTURES)[number]) => async (dice: Dice) =>
  sharp(dice.bytes(24 * 20 * 3), { raw: { width: 24, height: 20, channels: 3 } })
    .toFormat(format)
    .toBuffer();

async function readImage(file: string): Promise<unknown> {
  const { size, mtimeMs } = statSync(file);
  const at = { path: "case", size, mtime: mtimeMs, readable: 0o444 };
  const transform = { size: 16, channels: 3 } as const;
  const limits = { num_workers: 1, max_bad_share: 1 };
  const { meta } = await packImages({ put: async () => {} }, join(file, ".."), [at], transform, limits);
  for (const { reason } of meta)
    if (reason.length < 4 || /\n|undefined|\[object/.test(reason))
      throw new Error(`a reason that tells nothing: "${reason}"`);
  return meta[0]?.reason;
}

const readRank3 = (file: string) => readIdx(file, 3);
const readTensors = (file: string) => void readSafetensors(file);

/** Every format that is read. */
async function kinds(dice: Dice): Promise<readonly Kind[]> {
  const pictures = await Promise.all(PICTURES.map((format) => image(format)(dice)));
  return [
    { name: "idx", seed: idx, read: readRank3 },
    { name: "idx.gz", seed: (d) => gzipSync(idx(d)), read: readRank3 },
    { name: "safetensors", seed: () => writeSafetensors(TENSORS, { a: "b" }), read: readTensors },
    { name: "checkpoint", seed: checkpoint, read: (file) => void readCheckpoint(file) },
    { name: "torch", seed: weights, read: readTorchFile },
    { name: "hostile pickle", seed: hostile, read: readTorchFile },
    { name: "archive", seed: archive, read: readTorchFile },
    ...pictures.map((bytes, i) => ({
      name: PICTURES[i]!,
      seed: () => Buffer.from(bytes),
      read: readImage,
    })),
  ];
}

const SIZES = [
  0n,
  1n,
  7n,
  255n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

/** A number of the file in its place: what a length in a header lies with. */
function lie(dice: Dice, bytes: Buffer): void {
  const width = dice.pick([2, 4, 8]);
  if (bytes.length < width) return;
  const at = dice.pick([
    0,
    dice.int(Math.min(64, bytes.length - width + 1)),
    dice.int(bytes.length - width + 1),
  ]);
  if (at + width > bytes.length) return;
  const value = BigInt.asUintN(
    8 * width,
    dice.pick([...SIZES, BigInt(bytes.length), BigInt(bytes.length + 1)]),
  );
  for (let i = 0; i < width; i++) {
    const shift = BigInt(8 * (dice.int(2) === 0 ? i : width - 1 - i));
    bytes[at + i] = Number((value >> shift) & 255n);
  }
}

/** A file with something wrong, or now and then nothing. */
function damage(dice: Dice, whole: Uint8Array, other: () => Uint8Array): Uint8Array {
  let bytes = Buffer.from(whole);
  const place = () => dice.int(bytes.length + 1);
  for (let n = dice.int(4); n > 0; n--) {
    dice.pick([
      () => (bytes = bytes.subarray(0, place())),
      () => (bytes = bytes.subarray(place())),
      () => {
        for (let i = dice.int(16); i >= 0 && bytes.length > 0; i--)
          bytes[dice.int(bytes.length)]! ^= 1 << dice.int(8);
      },
      () => bytes.fill(dice.pick([0, 255, 0x80, 32]), place(), place()),
      () => (bytes = Buffer.concat([bytes, dice.bytes(dice.int(200))])),
      () => {
        const [at, to] = [place(), place()];
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          dice.pick([dice.bytes(9), other().subarray(0, 100)]),
          bytes.subarray(to),
        ]);
      },
      () => lie(dice, bytes),
      () => lie(dice, bytes),
    ])();
    bytes = Buffer.from(bytes);
  }
  return bytes;
}

/** Files of every format that is read, damaged at random: each is read, or refused by a sentence that names it. */
export class FileFuzz {
  private constructor(
    private readonly folder: string,
    private readonly all: readonly Kind[],
  ) {}

  static async make(folder: string, dice: Dice): Promise<FileFuzz> {
    return new FileFuzz(folder, await kinds(dice));
  }

  /** @throws Error where it came to anything else, or a file was written */
  async run(dice: Dice): Promise<"read" | "refused"> {
    const outcome = await this.readOne(dice);
    const written = readdirSync(this.folder).filter((name) => name !== "case");
    if (written.length > 0) throw new Error(`reading wrote ${written}`);
    return outcome;
  }

  private async readOne(dice: Dice): Promise<"read" | "refused"> {
    const kind = dice.pick(this.all);
    const file = join(this.folder, "case");
    writeFileSync(
      file,
      damage(dice, kind.seed(dice), () => dice.pick(this.all).seed(dice)),
    );
    try {
      const reason = await kind.read(file);
      return typeof reason === "string" ? "refused" : "read";
    } catch (error) {
      const told = (error as Error).message;
      const ok =
        error instanceof UserError && told.includes(file) && !/\[object|undefined|^\s+at /m.test(told);
      if (!ok) throw new Error(`${kind.name}: ${(error as Error).stack}`, { cause: error });
      return "refused";
    }
  }
}
