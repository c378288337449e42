import type { ModelDefinition } from "../models/define.ts";
import { shellWord } from "../text/shell.ts";
import { DEFAULT_DATASET } from "./compose.ts";
import { show } from "./describe.ts";
import type { Positions } from "./positions.ts";
import type { Config } from "./schema.ts";

/** What PyTorch-VAE's code does where its config files say nothing (its dataset.py, experiment.py and run.py). */
const COMMON = {
  data_params: { horizontal_flip: true, train_batch_size: 8, val_batch_size: 8, patch_size: 256 },
  logging_params: { image_count: 144 },
} as const;
const CENTER_CROP = 148;
const MEANING: Readonly<Record<string, string>> = {
  "model_params.output": "a tanh against images in [0, 1]",
};

/**
 * Where a config that is written as PyTorch-VAE's (`kld_weight` and no `reconstruction`) leaves a key out whose value here
 * is another than there: a sentence each, and how to train as it does.
 *
 * @param config complete
 */
export function pytorchVaeNotes(config: Config, positions: Positions, model: ModelDefinition): string[] {
  const given = (...path: string[]) => positions.has(path);
  if (!given("exp_params", "kld_weight") || given("exp_params", "reconstruction")) return [];
  const { values = {}, otherwise = [], config: faithful } = model.pytorchVae ?? {};
  // A data set of another name is a choice of the user's; its images are not PyTorch-VAE's anyhow.
  const theirData = !given("data_params", "name");
  const sections = { model_params: values, ...(theirData && COMMON) };
  const differing = Object.entries(sections).flatMap(([section, keys]) =>
    Object.entries(keys).flatMap(([key, theirs]) => {
      if (given(section, key)) return [];
      const ours = (config[section as keyof typeof sections] as Readonly<Record<string, unknown>>)[key];
      return show(ours) === show(theirs) ? [] : [{ path: `${section}.${key}`, ours, theirs }];
    }),
  );
  const notes = differing.map(({ path, ours, theirs }) => {
    const means = MEANING[path] === undefined ? "" : `, ${MEANING[path]}`;
    return `${path}: not given, so ${written(ours)}; PyTorch-VAE has ${written(theirs)}${means}.`;
  });
  if (theirData && config.data_params.name === DEFAULT_DATASET && !given("data_params", "center_crop")) {
    notes.push(
      `data_params.center_crop: not given, so ${CENTER_CROP} for CelebA's img_align_celeba and none for other folders; PyTorch-VAE has ${CENTER_CROP}.`,
    );
  }
  if (notes.length > 0) {
    const set = differing
      .map(({ path, theirs }) => `--set ${shellWord(`${path}=${written(theirs)}`)}`)
      .join(" ");
    const config = faithful === undefined ? "" : `${faithful} (all of it), or `;
    notes.push(`as PyTorch-VAE trains ${model.name}: ${config}${set}.`);
  }
  const more = otherwise.length > 0 ? `${otherwise.join("; ")}; it also ` : "it ";
  notes.push(
    `PyTorch-VAE, whatever is set: ${more}mirrors validation images, validates on CelebA's test split with a KL weight of 1 (its val_loss) and trains on the last short batch of an epoch: docs/config.md.`,
  );
  return notes;
}

/** A value as `--set` takes it. */
const written = (value: unknown): string =>
  typeof value === "object"
    ? JSON.stringify(value)
        .replaceAll(/"(\w+)"/g, "$1")
        .replaceAll(":", ": ")
        .replaceAll(",", ", ")
    : String(value);
