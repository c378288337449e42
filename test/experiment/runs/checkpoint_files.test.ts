import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { CheckpointError } from "../../../src/errors.ts";
import {
  DamagedCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
} from "../../../src/experiment/runs/checkpoint.ts";
import { newestCheckpoint, saveCheckpoint } from "../../../src/experiment/runs/checkpoint_files.ts";
import { newRunState } from "../../../src/experiment/runs/run_state.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { Rng } from "../../../src/rng.ts";
import { tf } from "../../../src/tf.ts";

let folder: string;
beforeAll(async () => {
  await useBackend("cpu");
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tfjs-vae-checkpoints-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** A checkpoint of one parameter, whose values tell its step. */
function bytesAt(step: number): Uint8Array {
  const value = tf.variable(tf.fill([8, 8], step));
  const vae = { params: new Map([["w", { value, trainable: true }]]) } as unknown as VAE;
  return encodeCheckpoint("Tiny", vae, new Map(), { ...newRunState(), step });
}

const save = (step: number, options: { best?: boolean; keepLast?: number } = {}) =>
  saveCheckpoint(folder, bytesAt(step), {
    step,
    best: options.best ?? false,
    keepLast: options.keepLast ?? 0,
  });
const file = (name: string) => join(folder, `${name}.safetensors`);
const stepOf = (name: string) => readCheckpoint(file(name)).state.step;

describe("a checkpoint", () => {
  it("is plain safetensors, and the same state is the same bytes", () => {
    const bytes = bytesAt(3);
    const { tensors, metadata } = readSafetensors(bytes);
    expect(tensors.get("model.w")!.shape).toEqual([8, 8]);
    expect(metadata.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bytesAt(3)).toEqual(bytes);
  });

  it("of which any bit is flipped is recognised", () => {
    const whole = bytesAt(3);
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      if (bit > 8000 && bit % 13 !== 0) continue; // the header whole, of the values every 13th
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file("last"), flipped);
      expect(() => readCheckpoint(file("last")), `bit ${bit}`).toThrow(DamagedCheckpoint);
    }
  });

  it("that is cut short at any length is recognised", () => {
    const whole = bytesAt(3);
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(file("last"), whole.subarray(0, length));
      expect(() => readCheckpoint(file("last")), `${length} bytes`).toThrow(DamagedCheckpoint);
    }
  });

  it("of another program is no damaged one of ours", () => {
    writeFileSync(file("last"), writeSafetensors([], { format: "pt" }));
    expect(() => readCheckpoint(file("last"))).toThrow(/expected a checkpoint of tfjs-vae .*got pt/);
    expect(() => readCheckpoint(file("last"))).not.toThrow(DamagedCheckpoint);
  });
});

describe("saving", () => {
  it("keeps the last, the one before it, the best and the newest N by number", async () => {
    for (let step = 1; step <= 12; step++) await save(step, { best: step === 5, keepLast: 3 });
    expect(readdirSync(folder).sort()).toEqual([
      "best.safetensors",
      "last.safetensors",
      "previous.safetensors",
      "step_00000010.safetensors",
      "step_00000011.safetensors",
      "step_00000012.safetensors",
    ]);
    expect(["last", "previous", "best", "step_00000010"].map(stepOf)).toEqual([12, 11, 5, 10]);
    expect(statSync(file("best")).nlink).toBe(1); // what damages the last one does not damage it
  });
});

describe("the newest checkpoint", () => {
  const damage = (name: string) => {
    const bytes = readFileSync(file(name));
    bytes[bytes.length - 5]! ^= 4;
    rmSync(file(name)); // not the other names of the same file
    writeFileSync(file(name), bytes);
  };

  it("is the last where that is whole, and nothing is said", async () => {
    for (const step of [1, 2, 3]) await save(step);
    const { checkpoint, passed } = await newestCheckpoint(folder);
    expect([checkpoint.state.step, passed]).toEqual([3, []]);
  });

  it("is the whole one of the highest step where the last is damaged, and it is said which is", async () => {
    for (const step of [1, 2, 3, 4]) await save(step, { best: step === 2, keepLast: 4 });
    damage("last");
    damage("step_00000004");
    const { checkpoint, passed } = await newestCheckpoint(folder);
    expect(checkpoint.state.step).toBe(3);
    expect(passed.join("\n")).toMatch(
      /last\.safetensors: its bytes don't fit its checksum; the file is damaged/,
    );
    for (const name of ["previous", "step_00000003"]) damage(name);
    await expect(newestCheckpoint(folder).then((f) => f.checkpoint.state.step)).resolves.toBe(2);
  });

  it("that is damaged takes no whole one's place at the next save", async () => {
    for (const step of [1, 2, 3]) await save(step);
    damage("last");
    await newestCheckpoint(folder);
    await save(3);
    expect(["last", "previous"].map(stepOf)).toEqual([3, 2]);
    expect(readdirSync(folder)).toContain("last.safetensors.damaged");
  });

  it("is found where a crash left none of the last name", async () => {
    for (const step of [1, 2]) await save(step);
    rmSync(file("last"));
    expect((await newestCheckpoint(folder)).checkpoint.state.step).toBe(1);
  });

  it("is an error with each file's fault where none is whole", async () => {
    for (const step of [1, 2]) await save(step);
    damage("last");
    writeFileSync(file("previous"), "");
    await expect(newestCheckpoint(folder)).rejects.toThrow(CheckpointError);
    await expect(newestCheckpoint(folder)).rejects.toThrow(
      /expected a whole checkpoint, got none:[\s\S]*last[\s\S]*previous\.safetensors: expected at least 8 bytes/,
    );
  });

  it("survives damage anywhere, twenty times at random", async () => {
    const rng = Rng.fromSeed(11);
    for (const step of [1, 2]) await save(step, { best: step === 1 });
    const kept = folder;
    for (let i = 0; i < 20; i++) {
      const copy = mkdtempSync(join(kept, "copy-"));
      for (const name of ["last", "previous", "best"])
        copyFileSync(file(name), join(copy, `${name}.safetensors`));
      const [a, b] = rng.fold(i).uniformArray(2) as unknown as [number, number];
      const bytes = readFileSync(join(copy, "last.safetensors"));
      const at = Math.floor(a * bytes.length);
      if (b < 0.5) bytes.fill(0, at);
      writeFileSync(join(copy, "last.safetensors"), b < 0.5 ? bytes : bytes.subarray(0, at));
      expect((await newestCheckpoint(copy)).checkpoint.state.step, `case ${i}`).toBe(1);
    }
  });
});
