import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { type HowToTrain, type Trained, training } from "../../support/training.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
trainer_params: {max_epochs: 3, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 4, name: flight}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-flight-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const train = (how: HowToTrain) => training(root, CONFIG, { ...how, backend: "wasm" });

/** Every checkpoint to the bit, and the rows but for how fast the steps were. */
function left({ folder }: Trained) {
  const checkpoints = readdirSync(folder.checkpoints).map((name) => {
    const { state, tensors } = readCheckpoint(join(folder.checkpoints, name));
    const bytes = [...tensors].map(([key, { data }]) => [
      key,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ]);
    return [name, state, bytes];
  });
  const [header, ...rows] = readFileSync(folder.metrics, "utf8").trimEnd().split("\n");
  const columns = header!.split(",");
  const timed = /images_per_second|data_wait_share/;
  const values = rows.map((row) => row.split(",").filter((_, i) => !timed.test(columns[i]!)));
  return { checkpoints, rows: [columns.filter((name) => !timed.test(name)), ...values] };
}

/** Puts a number that is none into the batches at `places`, counted over the epochs. */
const poison =
  (...places: number[]) =>
  ({ train: loader }: Prepared): void => {
    const batches = loader.batches.bind(loader);
    loader.batches = async function* (epoch, from = 0) {
      let index = epoch * loader.batchesPerEpoch + from;
      for await (const batch of batches(epoch, from)) {
        if (places.includes(index++)) batch.images[100] = Number.NaN;
        yield batch;
      }
    };
  };

const KEEPING = ["trainer_params.checkpoint.every_n_steps=3", "trainer_params.checkpoint.keep_last=9"];

describe("a run with two steps in flight", () => {
  it("starts a step before the metrics of the last one are read", async () => {
    /** Rows that are written when each step's loss is computed. */
    const rowsBefore = async (stepsInFlight: number): Promise<number[]> => {
      const seen: number[] = [];
      const rows = () => {
        const newest = readdirSync(join(root, "flight")).length - 1;
        const text = readFileSync(join(root, "flight", `version_${newest}`, "metrics.csv"), { flag: "a+" });
        return Math.max(0, `${text}`.split("\n").length - 2);
      };
      const watch = ({ vae }: Prepared) => {
        const [phase] = vae.phases as unknown as [{ loss: (typeof vae.phases)[0]["loss"] }];
        const { loss } = phase;
        phase.loss = (batch, ctx, carry) => {
          if (ctx.training) seen.push(rows());
          return loss(batch, ctx, carry);
        };
      };
      const set = ["trainer_params.max_steps=4", "logging_params.histogram_every_n_steps=0"];
      await train({ stepsInFlight, change: watch, set });
      return seen;
    };
    expect(await rowsBefore(1)).toEqual([0, 1, 2, 3]);
    expect(await rowsBefore(2)).toEqual([0, 0, 1, 2]);
  });

  it("leaves checkpoints, validations and rows as one with a step at a time", async () => {
    const one = left(await train({ stepsInFlight: 1, set: KEEPING }));
    expect(one.rows).toHaveLength(1 + 12 + 3);
    expect(one.checkpoints.length).toBeGreaterThan(4);
    expect(left(await train({ stepsInFlight: 2, set: KEEPING }))).toEqual(one);
    expect(left(await train({ stepsInFlight: 3, set: KEEPING }))).toEqual(one);
  });

  it("undoes the step that was started on what a bad one left", async () => {
    const set = [...KEEPING, "trainer_params.on_nan=skip"];
    const change = poison(1, 4, 5, 10);
    const one = left(await train({ stepsInFlight: 1, set, change }));
    expect(one.rows.flat().join()).not.toMatch(/NaN|Infinity/);
    expect(left(await train({ stepsInFlight: 2, set, change }))).toEqual(one);
  });

  it("stops at a bad step with the one before it saved, and names the first", async () => {
    const change = poison(6);
    const [one, two] = [await train({ stepsInFlight: 1, change }), await train({ stepsInFlight: 2, change })];
    const message = ({ error, folder }: Trained) => `${error}`.replaceAll(folder.path, "RUN");
    expect(message(two)).toMatch(/step 7: the loss is no longer finite: .*The last good step, 6,/);
    expect(message(two)).toBe(message(one));
    expect(left(two)).toEqual(left(one));
  });

  it("trains on the batches before one that can't be read, and saves", async () => {
    const change = ({ train: loader }: Prepared) => {
      const batches = loader.batches.bind(loader);
      loader.batches = async function* (epoch, from) {
        let left = 3;
        for await (const batch of batches(epoch, from)) {
          if (left-- === 0) throw new Error("no more");
          yield batch;
        }
      };
    };
    const two = await train({ stepsInFlight: 2, change });
    expect(two.error).toMatchObject({ message: "no more" });
    expect(readCheckpoint(join(two.folder.checkpoints, "last.safetensors")).state.step).toBe(3);
    expect(left(two)).toEqual(left(await train({ stepsInFlight: 1, change })));
  });
});
