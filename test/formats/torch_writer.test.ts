import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTorchFile } from "../../src/formats/torch_file.ts";
import { encodeTorchFile } from "../../src/formats/torch_writer.ts";
import { dataFolder } from "../support/data.ts";
import { torchPython } from "../support/torch.ts";

const tensors = [
  ["conv.weight", { shape: [2, 1, 1, 3], data: Float32Array.of(1, -2, 3.5, 4, 0, 1e-30) }],
  ["bn.num_batches_tracked", { shape: [], data: BigInt64Array.of(2n ** 40n) }],
  ["ünïcode", { shape: [0, 4], data: new Float32Array(0) }],
] as const;

async function written(): Promise<string> {
  const file = join(dataFolder(), "weights.pth");
  writeFileSync(file, await encodeTorchFile(tensors));
  return file;
}

/** Names, types, shapes, strides and values as the real PyTorch has them. */
const SCRIPT = `
import json, sys, torch
found = {}
for mmap in (False, True):
    state = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
    found[str(mmap)] = [type(state).__name__, [[k, str(v.dtype), list(v.shape), list(v.stride()), v.flatten().tolist()] for k, v in state.items()]]
print(json.dumps(found))
`;

describe("a file of tensors for PyTorch", () => {
  it.skipIf(torchPython === undefined)("is read by torch.load(weights_only=True), mapped too", async () => {
    const found = JSON.parse(
      execFileSync(torchPython!, ["-c", SCRIPT, await written()], { encoding: "utf8" }),
    );
    const expected = [
      "OrderedDict",
      [
        ["conv.weight", "torch.float32", [2, 1, 1, 3], [3, 3, 3, 1], [1, -2, 3.5, 4, 0, Math.fround(1e-30)]],
        ["bn.num_batches_tracked", "torch.int64", [], [], [2 ** 40]],
        ["ünïcode", "torch.float32", [0, 4], [4, 1], []],
      ],
    ];
    expect(found).toEqual({ False: expected, True: expected });
  });

  it("is read by our own reader, in order", async () => {
    const { tensors: read } = await readTorchFile(await written());
    expect([...read].map(([name, { shape, data }]) => [name, { shape, data }])).toEqual(tensors);
  });

  it("has the same bytes for the same tensors, and refuses data that don't fit", async () => {
    expect(
      Buffer.from(await encodeTorchFile(tensors)).equals(Buffer.from(await encodeTorchFile(tensors))),
    ).toBe(true);
    const wrong = encodeTorchFile([["a", { shape: [2], data: new Float32Array(3) }]]);
    await expect(wrong).rejects.toThrow('tensor "a": shape [2] needs 2 numbers, got 3');
  });
});
