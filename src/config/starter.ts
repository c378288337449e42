import { stringify } from "yaml";
import type { Look } from "../data/image_folder/look.ts";
import type { ModelDefinition } from "../models/define.ts";
import { counted } from "../text/counted.ts";

/** Sides of the squares that a starting config asks for. */
const SIDES = [32, 64];
/** Images a step where there are enough of them. */
const BATCH = 64;
/** Steps after which a small set shows what a model makes of it. */
const STEPS = 3000;
const MOST_EPOCHS = 200;
/** Classes that are named; of more, their number. */
const MOST_NAMED = 10;

export interface StarterArgs {
  readonly model: ModelDefinition;
  readonly look: Look;
  /** As the config's `data_path` is to say it. */
  readonly dataPath: string;
  /** `vae run` of it, as a shell takes it. */
  readonly command: string;
  /** Name of the run's folder. */
  readonly name: string;
  /** What it costs: a sentence or more, with how that is known. */
  readonly cost: readonly string[];
}

/** A config for a variant and a folder of images, with comments on what it says and why. */
export function starterConfig({ model, look, dataPath, command, name, cost }: StarterArgs): string {
  const { images, least, median, most, channels, classes, byFolder } = look;
  const side = SIDES.findLast((s) => s <= median) ?? SIDES[0]!;
  const training = Math.max(1, Math.floor(images * 0.8));
  const batch = Math.max(1, Math.min(BATCH, 2 ** Math.floor(Math.log2(training / 4))));
  const steps = Math.max(1, Math.floor(training / batch));
  const epochs = Math.min(MOST_EPOCHS, Math.max(10, Math.ceil(STEPS / steps)));
  const named = classes.length > MOST_NAMED ? `${classes.length} of them` : classes.join(", ");
  const sides = least === most ? `${least}` : `${least} to ${most}, half of them ${median} or more`;
  const text = (value: string) => stringify(value).trimEnd();
  return [
    `# ${model.name} (${model.paper.url}) on ${counted(images, "image")}, ${channels === 1 ? "grey" : "in colour"}; shorter sides in pixels: ${sides}.`,
    ...(classes.length > 0 ? [`# Classes, by sub-folder: ${named}.`] : []),
    ...(byFolder ? ["# The sub-folders train, val and test are the splits."] : []),
    ...cost.map((line) => `# ${line}`),
    `#   ${command}`,
    "model_params:",
    `  name: ${model.name} # all its parameters, with their defaults: vae models ${model.name}`,
    "",
    "data_params:",
    "  name: image_folder",
    `  data_path: ${text(dataPath)}`,
    `  patch_size: ${side} # each image's middle square, resized to so many pixels; twice as many take four times as long`,
    ...(channels === 1 ? ["  channels: 1 # grey, as the files are"] : []),
    ...(classes.length > 0
      ? ["  label_from: folder # each image's class, for metrics and for variants that take labels"]
      : []),
    `  train_batch_size: ${batch} # images a step`,
    "",
    "exp_params:",
    "  LR: 0.001 # the first thing to try other values of: --sweep exp_params.LR=log(0.0003..0.01)x4",
    "",
    "trainer_params:",
    `  max_epochs: ${epochs} # of about ${steps} steps`,
    "",
    "logging_params:",
    `  name: ${text(name)}`,
    "",
  ].join("\n");
}
