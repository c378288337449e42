import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRecords } from "../../../src/data/records/write_records.ts";
import { DataError } from "../../../src/errors.ts";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { newRunState, type RunState } from "../../../src/experiment/runs/run_state.ts";
import { sealed, UNSEALED } from "../../../src/experiment/runs/seal.ts";
import { moveTo } from "../../../src/experiment/training/data_print.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors.ts";
import { compileQuickly, xlaPlugin } from "../../support/backends.ts";
import { open } from "../../support/data.ts";
import { figures } from "../../support/metrics.ts";
import { type Trained, training } from "../../support/training.ts";

/** Two epochs of four steps. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
exp_params: {scheduler: cosine}
trainer_params: {max_epochs: 2, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, name: resume}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-resume-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const file = (run: Trained, name = "last") => join(run.folder.checkpoints, `${name}.safetensors`);
const stateOf = (run: Trained) => readCheckpoint(file(run)).state;
/** All that a run ends with: every number, and every row that does not tell of speed. */
const remains = (run: Trained) => ({
  checkpoint: readFileSync(file(run)).toString("base64"),
  metrics: figures(readFileSync(run.folder.metrics, "utf8")),
});

/** Makes the training images unreadable from a batch of an epoch on. */
const failsAt =
  (failing: number, number: number) =>
  ({ train }: Prepared) => {
    const batches = train.batches.bind(train);
    train.batches = async function* (epoch, from = 0) {
      let index = from;
      for await (const batch of batches(epoch, from)) {
        if (epoch === failing && index++ === number) throw new DataError("can't be read");
        yield batch;
      }
    };
  };

compileQuickly();

let unbroken: Trained;
beforeAll(async () => {
  unbroken = await training(root, CONFIG);
  expect(unbroken.error).toBeUndefined();
});

describe("an error after an epoch", () => {
  it("in validation loses none of it: it goes on to the bits of an unbroken run", async () => {
    const broken = await training(root, CONFIG, {
      change({ val }) {
        val.batches = () => {
          throw new DataError("no more images");
        };
      },
    });
    expect(broken.error).toEqual(new DataError("no more images"));
    expect(stateOf(broken)).toMatchObject({ step: 4, epoch: 0, batch: 4, ended: 0 });
    const whole = await training(root, CONFIG, { resume: broken.folder.path });
    expect(whole.error).toBeUndefined();
    expect(remains(whole)).toEqual(remains(unbroken));
  });

  it("in an image of the next one loses no step before it", async () => {
    const broken = await training(root, CONFIG, { change: failsAt(1, 2) });
    expect(broken.error).toEqual(new DataError("can't be read"));
    expect(stateOf(broken)).toMatchObject({ step: 6, epoch: 1, batch: 2 });
    const whole = await training(root, CONFIG, { resume: broken.folder.path });
    expect(remains(whole)).toEqual(remains(unbroken));
  });
});

it("stopped at steps on the way and gone on with, a run ends with the state of an unbroken one, by the same schedule", async () => {
  const first = await training(root, CONFIG, { until: 3 }); // within the first epoch
  expect(first.result).toMatchObject({ paused: true, problem: undefined });
  expect(stateOf(first)).toMatchObject({ step: 3, epoch: 0, batch: 3, ended: 3 });
  const [header, ...rows] = figures(readFileSync(first.folder.metrics, "utf8"));
  expect(rows.at(-1)![header!.indexOf("val/objective")]).toMatch(/\d/);
  const resume = first.folder.path;
  const again = await training(root, CONFIG, { resume, until: 3 });
  expect(again.result).toMatchObject({ paused: true });
  const second = await training(root, CONFIG, { resume, until: 6 });
  expect(stateOf(second)).toMatchObject({ step: 6, epoch: 1, batch: 2 });
  const whole = await training(root, CONFIG, { resume, until: 100 });
  expect(whole.result).toMatchObject({ paused: false });
  const tensors = (run: Trained) => readSafetensors(readFileSync(file(run))).tensors;
  expect(tensors(whole)).toEqual(tensors(unbroken));
  const own = remains(whole).metrics.filter((row) => !["3", "6"].includes(row[0]!) || row[2] !== "");
  expect(own).toEqual(remains(unbroken).metrics);
});

it("a loss term that begins within a row of metrics has its own mean there, in a run that was stopped too", async () => {
  const config = CONFIG.replace("name: VanillaVAE", "name: DFCVAE, feature_crop: 16")
    .replace(
      "scheduler: cosine",
      "reconstruction: pixel_mean, loss_weights: {features: {value: 1, delay_steps: 0.625}}",
    )
    .replace("log_every_n_steps: 1", "log_every_n_steps: 4");
  const [whole, single] = [
    await training(root, config),
    await training(root, config.replace("log_every_n_steps: 4", "log_every_n_steps: 1")),
  ];
  const features = (run: Trained) => {
    const [header, ...rows] = figures(readFileSync(run.folder.metrics, "utf8"));
    const column = header!.indexOf("train/features");
    return rows.filter((row) => row[header!.indexOf("train/total")] !== "").map((row) => Number(row[column]));
  };
  const each = features(single);
  expect(each.slice(0, 5)).toEqual([0, 0, 0, 0, 0]); // empty
  const mean = (each[5]! + each[6]! + each[7]!) / 3;
  expect(features(whole).at(-1)! / mean).toBeCloseTo(1, 5);
  const stopped = await training(root, config, { until: 6 });
  const resumed = await training(root, config, { resume: stopped.folder.path });
  expect(readSafetensors(readFileSync(file(resumed))).tensors).toEqual(
    readSafetensors(readFileSync(file(whole))).tensors,
  );
  expect(features(resumed).at(-1)).toBe(features(whole).at(-1));
});

it("from records in an order by blocks it goes on to the bits of an unbroken one", async () => {
  const source = await open({ name: "shapes3d", size: 64, patch_size: 32 });
  const data_path = join(root, "records");
  await writeRecords(source, data_path);
  await source.close();
  const config = CONFIG.replace(
    "{name: shapes3d, size: 64, patch_size: 32",
    `{name: records, data_path: ${data_path}, shuffle: blocks, horizontal_flip: true`,
  );
  const whole = await training(root, config);
  expect(whole.error).toBeUndefined();
  expect(stateOf(whole)).toMatchObject({ step: 8, data: { order: "blocks" } });
  const broken = await training(root, config, { change: failsAt(1, 2) });
  expect(stateOf(broken)).toMatchObject({ step: 6, epoch: 1, batch: 2 });
  const rest = await training(root, config, { resume: broken.folder.path });
  expect(remains(rest)).toEqual(remains(whole));
  expect(remains(whole).checkpoint).not.toEqual(remains(unbroken).checkpoint);
});

it.skipIf(xlaPlugin === undefined)("on xla, too, a run goes on to the bits of an unbroken one", async () => {
  const backend = "xla:cpu";
  const whole = await training(root, CONFIG, { backend });
  const broken = await training(root, CONFIG, { backend, change: failsAt(1, 2) });
  expect(broken.error).toEqual(new DataError("can't be read"));
  expect(stateOf(broken)).toMatchObject({ step: 6, epoch: 1, batch: 2 });
  const resumed = await training(root, CONFIG, { backend, resume: broken.folder.path });
  expect(remains(resumed)).toEqual(remains(whole));
});

describe("other batches", () => {
  it("leave max_epochs a number of epochs", async () => {
    const first = await training(root, CONFIG);
    const resume = first.folder.path;
    const larger = ["data_params.train_batch_size=32", "trainer_params.max_epochs=3"];
    const second = await training(root, CONFIG, { resume, set: larger });
    expect(second.error).toBeUndefined();
    expect(stateOf(second)).toMatchObject({ step: 8 + 2, epoch: 3, batch: 0 });
    const smaller = ["data_params.train_batch_size=8", "trainer_params.max_epochs=4"];
    const third = await training(root, CONFIG, { resume, set: smaller });
    expect(stateOf(third)).toMatchObject({ step: 8 + 2 + 8, epoch: 4, batch: 0 });
  });

  it("go on within an epoch after as many images", async () => {
    const first = await training(root, CONFIG, { set: ["trainer_params.max_steps=2"] });
    const resume = first.folder.path;
    const set = [
      "data_params.train_batch_size=8",
      "trainer_params.max_steps=1000",
      "trainer_params.max_epochs=1",
    ];
    const seen: number[] = [];
    const second = await training(root, CONFIG, {
      resume,
      set,
      change({ train }) {
        const batches = train.batches.bind(train);
        train.batches = async function* (...at) {
          for await (const batch of batches(...at)) {
            seen.push(...batch.indices);
            yield batch;
          }
        };
      },
    });
    expect(stateOf(second)).toMatchObject({ step: 2 + 4, epoch: 1, batch: 0 });
    expect(new Set(seen).size).toBe(32); // those that the first two steps had not
  });

  it("of data that grew begin a half epoch anew", async () => {
    const first = await training(root, CONFIG, { set: ["trainer_params.max_steps=2"] });
    const set = ["data_params.size=128", "trainer_params.max_steps=1000", "trainer_params.max_epochs=1"];
    const second = await training(root, CONFIG, { resume: first.folder.path, set });
    expect(stateOf(second)).toMatchObject({ step: 2 + 8, epoch: 1, batch: 0 });
    expect(stateOf(second).data).toMatchObject({ batch: 16, steps: 8, train: { images: 128 } });
  });
});

describe("what changed is said", () => {
  const print = (images: number, sha256 = `${images}`) => ({ images, sha256 });
  const at = (place: Partial<RunState>): RunState => ({
    ...newRunState(),
    data: { batch: 4, steps: 10, train: print(40), val: print(5) },
    ...place,
  });

  it("nothing where nothing did", () => {
    const state = at({ step: 13, epoch: 1, batch: 3 });
    expect(moveTo(state, state.data!)).toEqual({ notes: [], valChanged: false });
    expect(state).toMatchObject({ epoch: 1, batch: 3 });
  });

  it("a larger folder, and that images may have changed sides", () => {
    const state = at({ step: 13, epoch: 1, batch: 3 });
    const now = { batch: 4, steps: 12, train: print(48), val: print(6) };
    const { notes, valChanged } = moveTo(state, now);
    expect(notes).toEqual([
      "the data are others than up to step 13: 48 images for training (before: 40), 6 images for validation (before: 5). " +
        "So the split may be another: images that were trained on may now be validation images, whose metrics are then too good.",
      "an epoch now has 12 steps (before: 10); epochs that are done stay done.",
      "epoch 2, of which 3 of 10 steps were done, begins anew.",
    ]);
    expect(valChanged).toBe(true);
    expect(state).toMatchObject({ step: 13, epoch: 1, batch: 0, data: now });
  });

  it("images that are others, as many as before", () => {
    const state = at({ step: 10, epoch: 1 });
    const { notes } = moveTo(state, { ...state.data!, train: print(40, "other") });
    expect(notes).toEqual([
      "the data are others than up to step 10: 40 other images for training, or in another order. The validation images are the same.",
    ]);
  });

  it("batches of another size", () => {
    const state = at({ step: 13, epoch: 1, batch: 3 });
    const { notes } = moveTo(state, { ...state.data!, batch: 8, steps: 5 });
    expect(notes).toEqual([
      "an epoch now has 5 steps of 8 images (before: 10 of 4); epochs that are done stay done.",
      "epoch 2, of which 12 images were done, goes on after 8 of them and sees 4 twice.",
    ]);
    expect(state.batch).toBe(1);
  });

  it("an order that is drawn otherwise, in which the epoch begins anew", () => {
    const state = at({ step: 13, epoch: 1, batch: 3 });
    const { notes } = moveTo(state, { ...state.data!, order: "blocks" });
    expect(notes).toEqual([
      "data_params.shuffle: an epoch's order is now blocks (before: whole).",
      "epoch 2, of which 3 of 10 steps were done, begins anew.",
    ]);
    expect(state.batch).toBe(0);
  });

  it("an epoch whose end is still to be dealt with stays whole", () => {
    const state = at({ step: 20, epoch: 1, batch: 10 });
    moveTo(state, { batch: 8, steps: 6, train: print(48), val: print(5) });
    expect(state).toMatchObject({ epoch: 1, batch: 6 });
  });
});

describe("older checkpoints", () => {
  /** The file of a checkpoint with its state as older versions wrote it. */
  const asOlder = (from: string, best: number | undefined) => {
    const { tensors, metadata } = readSafetensors(readFileSync(from), from);
    const { data: _, ...state } = JSON.parse(metadata.state!) as RunState;
    const older = { ...metadata, ...UNSEALED, state: JSON.stringify({ ...state, best }) };
    writeFileSync(from, sealed(writeSafetensors([...tensors], older)));
  };

  it("go on to the bits of an unbroken run", async () => {
    const first = await training(root, CONFIG, { change: failsAt(1, 2) });
    asOlder(file(first), stateOf(first).best!.value);
    const whole = await training(root, CONFIG, { resume: first.folder.path });
    expect(whole.error).toBeUndefined();
    const tensors = (run: Trained) =>
      [...readCheckpoint(file(run)).tensors].map(([name, { data }]) => [name, [...data]]);
    expect(tensors(whole)).toEqual(tensors(unbroken));
    expect(remains(whole).metrics).toEqual(remains(unbroken).metrics);
    expect(stateOf(whole)).toMatchObject({ step: 8, epoch: 2, data: stateOf(unbroken).data });
  });

  it("keep a best that the same metric chose, and no other", async () => {
    const set = ["trainer_params.max_steps=4", "trainer_params.checkpoint.monitor=val/total"];
    const first = await training(root, CONFIG, { set });
    const resume = first.folder.path;
    asOlder(file(first), -1e9); // better than all that come
    const more = await training(root, CONFIG, { resume, set: ["trainer_params.max_steps=5"] });
    expect(stateOf(more).best).toEqual({ monitor: "val/total", mode: "min", value: -1e9 });
    const other = ["trainer_params.max_steps=6", "trainer_params.checkpoint.monitor=val/psnr"];
    const psnr = await training(root, CONFIG, { resume, set: other });
    expect(stateOf(psnr).best).toMatchObject({ monitor: "val/psnr", mode: "max", step: 6 });
    expect(readCheckpoint(file(psnr, "best")).state.step).toBe(6);
  });
});

describe("settings that a resumed run is given", () => {
  it("are its config.yaml from there on, those before are kept, and steps that were lost take theirs along", async () => {
    const first = await training(root, CONFIG, { set: ["trainer_params.checkpoint.every_n_steps=1"] });
    const resume = first.folder.path;
    const configs = () => readdirSync(resume).filter((name) => /^config.*yaml$/.test(name));
    const lr = (name: string) => /LR: (.*)/.exec(readFileSync(join(resume, name), "utf8"))![1];
    await training(root, CONFIG, { resume, set: ["trainer_params.max_epochs=3", "exp_params.LR=0.01"] });
    expect(configs()).toEqual(["config.yaml", "config_until_8.yaml"]);
    expect([lr("config.yaml"), lr("config_until_8.yaml")]).toEqual(["0.01", "0.001"]);
    await training(root, CONFIG, { resume, set: ["trainer_params.max_epochs=4"] });
    expect(lr("config.yaml")).toBe("0.01"); // it goes on with what it was trained with last
    expect(configs()).toEqual(["config.yaml", "config_until_12.yaml", "config_until_8.yaml"]);
    // back to the end of the second epoch, as after damaged files
    copyFileSync(
      join(unbroken.folder.checkpoints, "last.safetensors"),
      join(resume, "checkpoints/last.safetensors"),
    );
    await training(root, CONFIG, { resume, set: ["trainer_params.max_epochs=3", "exp_params.LR=0.02"] });
    expect(configs()).toEqual(["config.yaml", "config_until_8.yaml"]);
    expect([lr("config.yaml"), lr("config_until_8.yaml")]).toEqual(["0.02", "0.001"]);
    expect(existsSync(join(resume, "environment_resumed_at_8.json"))).toBe(true);
  });
});
