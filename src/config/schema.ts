import { type Static, Type } from "typebox";
import type { DataCommon } from "../data/common.ts";
import { Loggers } from "../loggers/schema.ts";
import { oneOf } from "../one_of.ts";

/**
 * The sections of a config that every run shares. Descriptions and defaults land in the generated JSON Schema,
 * where editors show them. What belongs to one model or data set stands beside it (`defineModel`,
 * `defineDataset`).
 */
const closed = { additionalProperties: false } as const;

/** A number of steps, or below 1 a share of the run's. */
const Steps = (description: string) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.Number({ minimum: 0, exclusiveMaximum: 1 })], {
      default: 0,
      description: `${description} Below 1: a share of the run's, 0.2.`,
    }),
  );

const Warmup = Type.Object(
  {
    value: Type.Number({ description: "Weight after the warm-up." }),
    warmup_steps: Steps("Steps over which the weight rises."),
    start: Type.Optional(Type.Number({ default: 0, description: "Weight before it rises." })),
    delay_steps: Steps("Steps at the start's weight before it rises."),
  },
  closed,
);
export const LossWeight = Type.Union([Type.Number(), Warmup]);
export type LossWeight = Static<typeof LossWeight>;

/** An optimizer and its learning rate over time. */
const OptimizerKeys = {
  LR: Type.Number({ exclusiveMinimum: 0, default: 0.001, description: "Learning rate." }),
  weight_decay: Type.Number({
    minimum: 0,
    default: 0,
    description: "L2 penalty (adam, sgd) or decoupled decay (adamw).",
  }),
  optimizer: oneOf(["adam", "adamw", "sgd"], { default: "adam", description: "Optimizer." }),
  betas: Type.Array(Type.Number({ minimum: 0, exclusiveMaximum: 1 }), {
    minItems: 2,
    maxItems: 2,
    default: [0.9, 0.999],
    description: "Decay of Adam's first and second moment.",
  }),
  eps: Type.Number({ exclusiveMinimum: 0, default: 1e-8, description: "Adam's epsilon." }),
  momentum: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0, description: "Momentum of sgd." }),
  scheduler: oneOf(["none", "exponential", "cosine", "step"], {
    default: "exponential",
    description:
      "Learning rate over the epochs. exponential: times scheduler_gamma each epoch (no change without one).",
  }),
  scheduler_gamma: Type.Optional(
    Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description:
        "Factor on the learning rate, each epoch (exponential) or each scheduler_step_size epochs (step); null or 0: constant.",
    }),
  ),
  scheduler_step_size: Type.Integer({
    minimum: 1,
    default: 1,
    description: "Epochs between drops of the step schedule.",
  }),
  min_lr: Type.Number({
    minimum: 0,
    default: 0,
    description: "Learning rate at the end of the cosine schedule.",
  }),
  lr_warmup_steps: Type.Integer({
    minimum: 0,
    default: 0,
    description: "Steps over which the learning rate rises from 0.",
  }),
} as const;
const OptimizerShape = Type.Object(OptimizerKeys);
export type OptimizerParams = Static<typeof OptimizerShape>;

/** The same keys with none required and no defaults: what is not given is that of `exp_params`. */
const PhaseOptimizer = Type.Unsafe<Partial<OptimizerParams>>({
  type: "object",
  properties: Object.fromEntries(
    Object.entries(OptimizerKeys).map(([key, schema]) => {
      const { default: _, ...rest } = schema as { default?: unknown };
      return [key, rest];
    }),
  ),
  ...closed,
});

export const ExpParams = Type.Object(
  {
    ...OptimizerKeys,
    optimizers: Type.Optional(
      Type.Record(Type.String(), PhaseOptimizer, {
        description:
          "What the optimizer of a phase has otherwise than exp_params, by the phase's name, of variants that train in several: {discriminator: {LR: 0.0001, betas: [0.5, 0.9]}}.",
      }),
    ),
    LR_2: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          "PyTorch-VAE's key: learning rate of the second phase, whose weight decay is then 0; as optimizers says it.",
      }),
    ),
    scheduler_gamma_2: Type.Optional(
      Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
        description: "PyTorch-VAE's key: scheduler_gamma of the second phase.",
      }),
    ),
    submodel: Type.Optional(
      Type.String({ description: "PyTorch-VAE's key: name of the second phase, for LR_2." }),
    ),
    retain_first_backpass: Type.Optional(
      Type.Boolean({ description: "PyTorch-VAE's key: accepted and not used; phases share no gradients." }),
    ),
    reconstruction: Type.Optional(
      oneOf(["elbo", "pixel_mean"], {
        description:
          "Scale of the reconstruction terms: elbo, nats per image; pixel_mean, PyTorch-VAE's mean squared error per element. Default: pixel_mean where kld_weight is given, else elbo.",
      }),
    ),
    kld_weight: Type.Optional(
      Type.Number({
        minimum: 0,
        description: "PyTorch-VAE's weight of the KL term, times the model's own; selects pixel_mean.",
      }),
    ),
    loss_weights: Type.Optional(
      Type.Record(Type.String(), LossWeight, {
        description:
          "Weight of each loss term by name; a number or {value, warmup_steps, start, delay_steps}. Terms not named keep the model's default.",
      }),
    ),
    manual_seed: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 1265,
      description: "Seed of all randomness.",
    }),
  },
  closed,
);
export type ExpParams = Static<typeof ExpParams>;

const Checkpoint = Type.Object(
  {
    every_n_steps: Type.Optional(
      Type.Integer({ minimum: 1, description: "Also save every N steps, besides the end of each epoch." }),
    ),
    keep_last: Type.Integer({
      minimum: 0,
      default: 0,
      description: "Numbered checkpoints to keep, besides last and best.",
    }),
    monitor: Type.String({
      default: "val/objective",
      description:
        "Metric of validation that chooses the best checkpoint. val/objective: the loss with its weights as at the end of their schedules and without adversarial terms, which compares between epochs.",
    }),
    mode: Type.Optional(
      oneOf(["min", "max"], {
        description:
          "Whether the best is the lowest or the highest; default: which of them is better of that metric.",
      }),
    ),
  },
  { ...closed, default: {}, description: "Which checkpoints to keep." },
);

const EarlyStopping = Type.Object(
  {
    monitor: Type.Optional(
      Type.String({ description: "Metric of validation; default: that of checkpoint.monitor." }),
    ),
    patience: Type.Integer({
      minimum: 1,
      default: 3,
      description: "Validations in a row without a better value after which the run ends.",
    }),
    min_delta: Type.Number({
      minimum: 0,
      default: 0,
      description: "How much better a value has to be to count.",
    }),
    mode: Type.Optional(
      oneOf(["min", "max"], {
        description: "Whether lower or higher is better; default: which of them is, of that metric.",
      }),
    ),
  },
  {
    ...closed,
    description:
      "Ends the run where a metric of validation gets no better: {patience: 3, min_delta: 0}. Default: none.",
  },
);

const Ema = Type.Object(
  {
    decay: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.999,
      description: "Share of the average that a step keeps; less in the first steps.",
    }),
  },
  closed,
);

export const TrainerParams = Type.Object(
  {
    max_epochs: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Epochs to train; 10 where neither this nor max_steps is given.",
      }),
    ),
    max_steps: Type.Optional(
      Type.Integer({ minimum: 1, description: "Steps to train; the first limit reached ends the run." }),
    ),
    gradient_clip_val: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: "Largest global gradient norm; larger ones are scaled down.",
      }),
    ),
    accumulate_grad_batches: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "Batches whose gradients a step takes the mean of, for less memory than one batch as large; the last step of an epoch takes those left over. max_steps and all that is every N steps count optimizer steps. Default: 1.",
      }),
    ),
    early_stopping: Type.Optional(EarlyStopping),
    ema: Type.Optional(
      Type.Union([Type.Number({ minimum: 0, exclusiveMaximum: 1 }), Ema], {
        description:
          "Exponential moving average of the weights, as {decay: 0.999} or its decay alone: validation, pictures, best.safetensors and all commands on the run take the averaged weights. Default: none.",
      }),
    ),
    on_nan: oneOf(["stop", "skip"], {
      default: "stop",
      description:
        "What a step does whose loss or gradient is not finite. stop: ends the run with the state before it saved; skip: goes on with the next batch from that state, ten times in a row at most.",
    }),
    check_val_every_n_epoch: Type.Integer({
      minimum: 1,
      default: 1,
      description: "Epochs between validations (with images).",
    }),
    limit_train_batches: Type.Optional(
      Type.Integer({ minimum: 1, description: "Batches an epoch at most." }),
    ),
    limit_val_batches: Type.Optional(
      Type.Integer({ minimum: 0, description: "Batches a validation at most; 0: none." }),
    ),
    log_every_n_steps: Type.Integer({
      minimum: 1,
      default: 10,
      description: "Steps between rows of metrics.csv, TensorBoard scalars and those of other loggers.",
    }),
    checkpoint: Checkpoint,
    compile: Type.Boolean({
      default: true,
      description:
        "Run each training step as one function where the backend can (tensorflow); false: op by op, slower.",
    }),
    precision: oneOf(["float32", "bfloat16", "highest"], {
      default: "float32",
      description:
        "bfloat16: convolutions and the frozen network in 16 bits (tensorflow and xla, compiled), fast on processors and GPUs that have them; weights, optimizer, batch-norm statistics and losses stay float32. highest: float32 in NVIDIA's convolutions and products too, which else take TF32 (xla).",
    }),
    devices: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal("auto")], {
      default: 1,
      description:
        "Devices that compute each training step together (xla), every one on an equal part of the batch; the result is that of one device, but for rounding. auto: all that are there.",
    }),
    sync_batchnorm: Type.Boolean({
      default: true,
      description:
        "Where several processes train together (vae run --processes, --nodes): batch norm by the statistics of the whole batch, so that they give what one process gives; false: of each one's part, with fewer messages.",
    }),
    rank_timeout: Type.Integer({
      minimum: 1,
      default: 1800,
      description:
        "Where several processes train together: seconds in which a step has to be done, or rank 0's validation, before the run ends as one whose process hangs.",
    }),
    gpus: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.Array(Type.Integer({ minimum: 0 })), Type.Null()], {
        description:
          "PyTorch-VAE's key: accepted and not used; --backend chooses the kind of device, devices how many.",
      }),
    ),
  },
  closed,
);
export type TrainerParams = Static<typeof TrainerParams>;

export const LoggingParams = Type.Object(
  {
    save_dir: Type.String({
      default: "logs/",
      description: "Folder of all runs; relative to where the command is typed.",
    }),
    name: Type.Optional(
      Type.String({
        pattern: "^(?!\\.{1,2}$)[^/\\\\]+$",
        patternErrorMessage: "expected a folder name without / or \\",
        description: "Folder of this run's versions; default: the model's name.",
      }),
    ),
    loggers: Loggers,
    image_count: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 64,
      description: "Images in each grid of samples and reconstructions.",
    }),
    fitted_samples: Type.Boolean({
      default: false,
      description:
        "At each validation, also samples of a mixture of 10 Gaussians fitted to the z of up to 2,048 training images, in the folder FittedSamples: where N(0, I) is far from those z, they look more like the data (vae fit-sampler).",
    }),
    latent_count: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 256,
      description:
        "Validation images whose latents TensorBoard shows: projector, histograms, KL of each dimension, traversals; 0: none of these.",
    }),
    histogram_every_n_steps: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "Steps between histograms of weights and gradients, each of which costs a step computed op by op; default: once before each validation; 0: none.",
      }),
    ),
    manual_seed: Type.Optional(
      Type.Integer({
        description:
          "A key of some of PyTorch-VAE's files: accepted and not used; exp_params.manual_seed is the seed.",
      }),
    ),
  },
  closed,
);
export type LoggingParams = Static<typeof LoggingParams>;

export const Plugins = Type.Array(Type.String({ minLength: 1, file: true }), {
  description:
    "JavaScript files that register models or data sets of your own; relative to the file that names them.",
});

/** A config after `extends`, `--set`, validation and defaults: what the runner takes and `config.yaml` stores. */
export interface Config {
  readonly model_params: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly data_params: DataCommon & Readonly<Record<string, unknown>> & { readonly name: string };
  readonly exp_params: ExpParams;
  readonly trainer_params: TrainerParams;
  readonly logging_params: LoggingParams;
  readonly plugins?: readonly string[];
}
