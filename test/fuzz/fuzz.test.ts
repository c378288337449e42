import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { decodeImage } from "../../src/data/image_folder/decode.ts";
import { DataError } from "../../src/errors.ts";
import { readIdx } from "../../src/formats/idx.ts";
import { readTorchFile } from "../../src/formats/torch_file.ts";
import { op, tensorOps, torchFile } from "../support/torch_file.ts";
import { fuzz } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-fuzz-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("1,000 configs and files changed at random are read or refused by a sentence with its place", async () => {
  const before = process.resourceUsage().maxRSS;
  const { configs, files } = await fuzz(root, 20, 0, 1000);
  expect([...configs.faults.values(), ...files.faults.values()]).toEqual([]);
  expect(configs.refused + configs.read + files.refused + files.read).toBe(1000);
  for (const count of [configs.refused, configs.read, files.refused, files.read])
    expect(count).toBeGreaterThan(50); // else the changes would be too few or too wild to tell anything
  const grownMegabytes = (process.resourceUsage().maxRSS - before) / 1024;
  expect(grownMegabytes).toBeLessThan(400);
}, 120_000);

describe("a small file that promises much", () => {
  const grown = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.resourceUsage().maxRSS;
    await work();
    return (process.resourceUsage().maxRSS - before) / 1024;
  };
  const path = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(root, name), bytes);
    return join(root, name);
  };

  it("as a gzip bomb is unpacked no further than its header says", async () => {
    const bytes = Buffer.alloc(200_000_000);
    [0x803, 1, 28, 28].forEach((value, i) => {
      bytes.writeUInt32BE(value, 4 * i);
    });
    const file = path("bomb.gz", gzipSync(bytes));
    const megabytes = await grown(() =>
      expect(readIdx(file, 3)).rejects.toThrow(/more than its header promises/),
    );
    expect(megabytes).toBeLessThan(100);
  });

  it("as an IDX header of terabytes is refused before it is unpacked", async () => {
    const bytes = Buffer.alloc(16);
    [0x803, 0xffffffff, 28, 28].forEach((value, i) => {
      bytes.writeUInt32BE(value, 4 * i);
    });
    await expect(readIdx(path("huge", bytes), 3)).rejects.toThrow(
      /cut short: its header promises 4294967295x28x28 values/,
    );
  });

  it("as a picture of 900 million pixels is refused before it is decoded", async () => {
    const png = await sharp(Buffer.alloc(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    png.writeUInt32BE(30_000, 16);
    png.writeUInt32BE(30_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const decode = () => decodeImage(path("bomb.png", png), { size: 16, channels: 3 });
    expect(await grown(() => expect(decode()).rejects.toThrow(/exceeds pixel limit/))).toBeLessThan(100);
  });

  it("as a tensor of a few bytes expanded to many is refused", async () => {
    const ops = tensorOps({ elements: 1, shape: [1e6, 1e6], strides: [0, 0] });
    const file = path("expanded.pth", torchFile(op.dict(op.text("w"), ops), { 0: new Float32Array(1) }));
    expect(await grown(() => expect(readTorchFile(file)).rejects.toThrow(DataError))).toBeLessThan(100);
  });
});

it("a pickle that calls a command is refused by the command's name, and nothing runs", async () => {
  const target = join(root, "ran");
  const call = [...op.global("os", "system"), ...op.tuple(op.text(`touch ${target}`)), ...op.reduce];
  writeFileSync(join(root, "evil.pth"), torchFile(op.dict(op.text("w"), call)));
  await expect(readTorchFile(join(root, "evil.pth"))).rejects.toThrow(
    /refused, it refers to the Python name "os\.system"/,
  );
  expect(existsSync(target)).toBe(false);
});
