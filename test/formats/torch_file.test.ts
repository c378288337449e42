import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { readTorchFile } from "../../src/formats/torch_file.ts";
import { Rng } from "../../src/rng.ts";
import { formula } from "../support/formula.ts";
import { parity, pytorchVae } from "../support/reference.ts";
import { op, type TensorSpec, tensorOps, torchFile, zip } from "../support/torch_file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "torch-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(bytes: Uint8Array) {
  const file = path.join(folder, "net.pth");
  writeFileSync(file, bytes);
  return (await readTorchFile(file)).tensors;
}

/** A file with one tensor "w" and one storage "0". */
const one = (tensor: TensorSpec, data: ArrayBufferView) =>
  torchFile(op.dict(op.text("w"), tensorOps(tensor)), { 0: data });

const vector = { elements: 4, shape: [4], strides: [1] };
const four = Float32Array.of(1, 2, 3, 4);

describe("PyTorch's own files", () => {
  const { shapes } = pytorchVae().files;
  const base = Float32Array.from(formula(5200, 820), (u) => u - 0.5);
  const variances = Float32Array.from(formula(512, 821), (u) => 1 + 0.5 * (u - 0.5));

  it.each([
    ["vanilla_vae.pt", ""],
    ["vanilla_vae.ckpt", "model."],
  ])(
    "%s has the state_dict's tensors in its order, each from its place in their storage",
    async (name, prefix) => {
      const { tensors } = await readTorchFile(parity(name));
      expect([...tensors.keys()]).toEqual(Object.keys(shapes).map((key) => prefix + key));
      for (const [t, [key, shape]] of Object.entries(shapes).entries()) {
        const tensor = tensors.get(prefix + key)!;
        expect(tensor.shape).toEqual(shape);
        const size = shape.reduce((a, b) => a * b, 1);
        if (shape.length === 0) expect(tensor.data, key).toEqual(BigInt64Array.of(0n));
        else {
          const from = key.endsWith("running_var") ? variances : base.subarray(7 * t);
          expect(tensor.data, key).toEqual(from.slice(0, size));
        }
      }
    },
  );

  it("is refused at whatever length it is cut short", async () => {
    const whole = readFileSync(parity("vanilla_vae.pt"));
    for (const share of [0.001, 0.3, 0.9, 0.9999])
      await expect(read(whole.subarray(0, Math.floor(whole.length * share)))).rejects.toThrow(DataError);
  });
});

describe("a file of PyTorch before 1.6", () => {
  const whole = () => readFileSync(parity("legacy.pth"));

  it("is read, each tensor from its own storage", async () => {
    const tensors = await read(whole());
    expect([...tensors].map(([name, t]) => [name, t.shape])).toEqual(
      [64, 128, 256].map((c, i) => [`lin${i}.model.1.weight`, [1, c, 1, 1]]),
    );
    for (const [i, { data }] of [...tensors.values()].entries())
      expect(data).toEqual(Float32Array.from(formula(data.length, 830 + i)));
  });

  it("is refused at whatever length it is cut short", async () => {
    const bytes = whole();
    for (const share of [0.02, 0.05, 0.5, 0.999])
      await expect(read(bytes.subarray(0, Math.floor(bytes.length * share)))).rejects.toThrow(DataError);
  });
});

describe("tensors", () => {
  it("share a storage at their own offsets", async () => {
    const tail = { elements: 4, offset: 2, shape: [2], strides: [1] };
    const pickle = op.dict(op.text("all"), tensorOps(vector), op.text("tail"), tensorOps(tail));
    const tensors = await read(torchFile(pickle, { 0: four }));
    expect(tensors.get("all")!.data).toEqual(four);
    expect(tensors.get("tail")!.data).toEqual(Float32Array.of(3, 4));
  });

  it("become contiguous: a transposed matrix and an expanded row", async () => {
    const transposed = { elements: 6, shape: [3, 2], strides: [1, 3] };
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect((await read(one(transposed, data))).get("w")!.data).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    const expanded = { elements: 2, shape: [2, 2], strides: [0, 1] };
    const pair = (await read(one(expanded, Float32Array.of(7, 8)))).get("w")!;
    expect(pair.data).toEqual(Float32Array.of(7, 8, 7, 8));
  });

  it.each([
    ["HalfStorage", Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff), Float32Array.of(1, -2, 2 ** -24, 65504)],
    ["BFloat16Storage", Uint16Array.of(0x3f80, 0xc000, 0x4049, 0), Float32Array.of(1, -2, 3.140625, 0)],
    ["DoubleStorage", Float64Array.of(1, 2, 0.1, -4), Float64Array.of(1, 2, 0.1, -4)],
    ["LongStorage", BigInt64Array.of(1n, -2n, 3n, 2n ** 60n), BigInt64Array.of(1n, -2n, 3n, 2n ** 60n)],
    ["IntStorage", Int32Array.of(1, -2, 3, 4), Int32Array.of(1, -2, 3, 4)],
    ["ShortStorage", Int16Array.of(1, -2, 3, 4), Int16Array.of(1, -2, 3, 4)],
    ["CharStorage", Int8Array.of(1, -2, 3, 4), Int8Array.of(1, -2, 3, 4)],
    ["ByteStorage", Uint8Array.of(1, 2, 3, 255), Uint8Array.of(1, 2, 3, 255)],
    ["BoolStorage", Uint8Array.of(1, 0, 0, 1), Uint8Array.of(1, 0, 0, 1)],
  ])("of %s are read", async (storage, stored, expected) => {
    expect((await read(one({ ...vector, storage }, stored))).get("w")!.data).toEqual(expected);
  });

  it("wrapped as parameters, in an OrderedDict with metadata, under state_dict, are found", async () => {
    const parameter = [
      ...op.global("torch._utils", "_rebuild_parameter"),
      ...op.tuple(tensorOps(vector), op.false, op.emptyDict),
      ...op.reduce,
    ];
    const ordered = [...op.global("collections", "OrderedDict"), ...op.emptyTuple, ...op.reduce];
    const state = [...ordered, 0x28, ...op.text("w"), ...parameter, 0x75, ...op.emptyDict, ...op.build];
    const callback = [
      ...op.global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"),
      ...op.emptyTuple,
      ...op.reduce,
      ...op.emptyDict,
      ...op.build,
    ];
    const pickle = op.dict(op.text("callbacks"), callback, op.text("state_dict"), state);
    expect((await read(torchFile(pickle, { 0: four }))).get("w")!.data).toEqual(four);
  });
});

describe("a file that holds more than a state_dict", () => {
  const w = op.dict(op.text("w"), tensorOps(vector));
  const other = op.dict(op.text("x"), tensorOps({ ...vector, key: "1" }));
  const fileOf = (...items: number[][]) => {
    const file = path.join(folder, "more.pth");
    writeFileSync(file, torchFile(op.dict(...items), { 0: four, 1: four }));
    return readTorchFile(file);
  };
  const optimizer = op.dict(
    op.text("state"),
    op.dict(op.int(0), op.dict(op.text("exp_avg"), tensorOps(vector))),
  );

  it.each(["state_dict", "model_state_dict", "model", "net", "ema", "my_model"])(
    "gives the tensors under %s",
    async (name) => {
      const found = await fileOf(
        op.text("epoch"),
        op.int(3),
        op.text("optimizer"),
        optimizer,
        op.text(name),
        w,
      );
      expect([[...found.tensors.keys()], found.at, found.others]).toEqual([["w"], name, []]);
    },
  );

  it("prefers a model to an average of it, and its state_dict within", async () => {
    const found = await fileOf(op.text("ema"), other, op.text("model"), op.dict(op.text("state_dict"), w));
    expect([[...found.tensors.keys()], found.at, found.others]).toEqual([["w"], "model.state_dict", ["ema"]]);
  });

  it("names what is there where none is the likely one, or none is there", async () => {
    await expect(fileOf(op.text("enc"), w, op.text("dec"), other)).rejects.toThrow(
      /found several: "enc" \(1 tensors\), "dec" \(1 tensors\)\. Save the one alone/,
    );
    await expect(fileOf(op.text("epoch"), op.int(3), op.text("optimizer"), optimizer)).rejects.toThrow(
      /found no tensor in it; its keys: "epoch", "optimizer"/,
    );
  });
});

describe("a hostile or damaged file", () => {
  const expectRefused = (bytes: Uint8Array, message: RegExp) =>
    expect(read(bytes)).rejects.toThrow(
      expect.toSatisfy((e) => e instanceof DataError && message.test(e.message)),
    );

  it.each([
    ["os", "system"],
    ["builtins", "eval"],
    ["torch.nn.modules.conv", "Conv2d"],
    ["torch.hub", "load"],
  ])("that names %s.%s is refused by that name", async (module, name) => {
    const call = [...op.global(module, name), ...op.tuple(op.text("touch /tmp/x")), ...op.reduce];
    await expectRefused(torchFile(call), new RegExp(`"${module}.${name}"`.replaceAll(".", "\\.")));
  });

  it("of big-endian numbers is refused", async () => {
    const bytes = torchFile(
      op.dict(op.text("w"), tensorOps(vector)),
      { 0: four },
      { byteorder: Buffer.from("big") },
    );
    await expectRefused(bytes, /expected little-endian numbers, got "big"/);
  });

  it("that expands few bytes to many is refused before they are made", async () => {
    const bomb = { elements: 1, shape: [1_000_000, 1_000_000], strides: [0, 0] };
    await expectRefused(one(bomb, Float32Array.of(1)), /larger than the file allows/);
  });

  it("whose tensor reaches beyond its storage is refused", async () => {
    await expectRefused(one({ ...vector, offset: 1 }, four), /reaches element 4 of 4/);
    await expectRefused(one({ ...vector, elements: 5 }, four), /has 16 bytes, expected 20/);
  });

  it("that lacks a storage is refused by the storage's name", async () => {
    await expectRefused(torchFile(op.dict(op.text("w"), tensorOps(vector))), /it has no net\/data\/0/);
  });

  it("of a million open marks is refused", async () => {
    await expectRefused(torchFile(Array(1_000_000).fill(0x28)), /more objects than any PyTorch file/);
  });

  it("of lists nested 100,000 deep is read without recursion", async () => {
    const nested = [...Array(100_000).fill(0x5d), ...Array(99_999).fill(0x61)];
    await expectRefused(torchFile(nested), /found no tensor in it/);
  });

  it.each([
    ["an unknown instruction", [0xff], /instruction 0xff/],
    ["a call of nothing", op.reduce, /nothing on its stack/],
    ["a text that ends too late", [0x58, 255, 255, 255, 127], /cut short/],
    ["a memo that was never set", [0x68, 7], /no memo 7/],
    [
      "an item set in a number",
      [...op.int(1), ...op.int(2), ...op.int(3), 0x73],
      /an item set in what is no dict/,
    ],
    [
      "a storage without elements",
      [...op.tuple(op.text("storage")), ...op.persistentId],
      /storage of a kind/,
    ],
  ])("with %s is refused", async (_, pickle, message) => {
    await expectRefused(torchFile(pickle), message);
  });

  it("that is compressed, empty, no zip or another zip is refused", async () => {
    await expectRefused(zip({ "net/data.pkl": Uint8Array.of(1, 2, 3) }, 8), /is compressed/);
    await expectRefused(new Uint8Array(0), /got an empty file/);
    await expectRefused(Buffer.from("GIF89a, certainly no weights"), /another kind of file/);
    await expectRefused(zip({ "a.txt": Uint8Array.of(1) }), /no data\.pkl/);
  });

  it("of which a few bytes are changed is read or refused, and nothing worse", async () => {
    const whole = one(
      { ...vector, storage: "HalfStorage", shape: [2, 2], strides: [1, 2] },
      new Uint16Array(4),
    );
    let refused = 0;
    for (let seed = 0; seed < 500; seed++) {
      const bytes = Buffer.from(whole);
      const draws = Rng.fromSeed(seed).uniformArray(4);
      for (let k = 0; k < 4; k += 2)
        bytes[Math.floor(draws[k]! * bytes.length)] = Math.floor(draws[k + 1]! * 256);
      await read(bytes).catch((error: unknown) => {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(250);
  });

  it("that is missing or a folder is reported by its name", async () => {
    await expect(readTorchFile(folder)).rejects.toThrow(/can't be read \(EISDIR\)/);
    await expect(readTorchFile(path.join(folder, "none.pth"))).rejects.toThrow(
      /none\.pth: can't be read \(ENOENT\)/,
    );
  });
});
