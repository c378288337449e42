/** What keys and options of other programs are called here; keys without hyphens and underscores, in lower case. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ...named("exp_params.LR", "lr learning_rate base_lr"),
  ...named("exp_params.weight_decay", "wd l2"),
  ...named("exp_params.optimizer", "optim optimiser optimizer_name"),
  ...named("exp_params.scheduler", "lr_scheduler lr_schedule sched"),
  ...named("exp_params.lr_warmup_steps", "warmup warmup_steps num_warmup_steps"),
  ...named("exp_params.manual_seed", "seed random_seed seed_everything"),
  ...named("exp_params.loss_weights.kl", "kl_weight kl_coeff kl_coef kld kl"),
  ...named("exp_params.reconstruction", "loss recon_loss reconstruction_loss"),
  ...named(
    "data_params.train_batch_size",
    "batch_size batch bs batchsize train_batch per_device_train_batch_size",
  ),
  ...named("data_params.val_batch_size", "eval_batch_size test_batch_size val_batch valid_batch_size"),
  ...named("data_params.patch_size", "img_size image_size resolution input_size crop_size img_dim"),
  ...named("data_params.num_workers", "workers n_workers num_threads"),
  ...named(
    "data_params.data_path",
    "data_dir data_root root dataset_path image_dir img_dir train_dir train_path path",
  ),
  ...named("data_params.name", "dataset dataset_name data_name"),
  ...named("data_params.image_range", "normalize normalise mean std"),
  ...named("data_params.horizontal_flip", "flip random_flip hflip augment"),
  ...named("model_params.name", "model_name arch architecture"),
  ...named("model_params.latent_dim", "z_dim latent_size latent_dims nz latent zdims z_size"),
  ...named("model_params.hidden_dims", "hidden_channels hidden_sizes widths"),
  ...named("model_params.in_channels", "channels input_channels num_channels n_channels in_ch"),
  ...named(
    "trainer_params.max_epochs",
    "epochs num_epochs n_epochs max_nb_epochs nb_epochs epoch num_train_epochs",
  ),
  ...named("trainer_params.max_steps", "steps num_steps max_iter max_iters iterations num_iterations"),
  ...named("trainer_params.gradient_clip_val", "grad_clip gradient_clip clip_grad max_grad_norm clip"),
  ...named(
    "trainer_params.check_val_every_n_epoch",
    "val_check_interval eval_every check_val_every validate_every",
  ),
  ...named("trainer_params.log_every_n_steps", "log_interval log_every log_every_n"),
  ...named("trainer_params.checkpoint.keep_last", "save_top_k save_total_limit keep_checkpoints"),
  ...named(
    "trainer_params.checkpoint.every_n_steps",
    "save_every save_interval every_n_train_steps save_steps",
  ),
  ...named("trainer_params.checkpoint.monitor", "monitor"),
  ...named(
    "trainer_params.accumulate_grad_batches",
    "gradient_accumulation_steps accumulation_steps accumulate_grad grad_accum",
  ),
  ...named("trainer_params.early_stopping", "earlystop early_stop"),
  ...named("trainer_params.early_stopping.patience", "patience early_stopping_patience"),
  ...named("trainer_params.early_stopping.min_delta", "min_delta"),
  ...named("trainer_params.ema", "ema_decay use_ema model_ema model_ema_decay ema_rate"),
  ...named("trainer_params.precision", "amp fp16 bf16 mixed_precision"),
  ...named("trainer_params.compile", "torch_compile jit"),
  ...named("logging_params.save_dir", "log_dir output_dir out_dir save_path logdir results_dir"),
  ...named("logging_params.name", "experiment_name run_name exp_name"),
  ...named("logging_params.image_count", "num_samples n_samples sample_count"),
};

/** Names of sections, as others have them. */
export const SECTION_NAMES: Readonly<Record<string, string>> = {
  ...named("model_params", "model model_config network"),
  ...named("data_params", "data dataset data_config"),
  ...named("exp_params", "exp experiment optim optimizer experiment_params"),
  ...named("trainer_params", "trainer train training train_params"),
  ...named("logging_params", "logging logger log log_params"),
};

const DEVICE = "--backend chooses the kind of device, trainer_params.devices how many.";
/** What has no key here: a sentence. */
const ABSENT: Readonly<Record<string, string>> = {
  ...named(DEVICE, "accelerator device strategy gpu gpus num_gpus cuda tpu_cores"),
  ...named(
    "trainer_params.checkpoint and trainer_params.early_stopping say what is kept and when the run ends.",
    "callbacks",
  ),
  ...named(
    "vae run --resume does that.",
    "resume_from_checkpoint resume ckpt_path checkpoint_path resume_from",
  ),
  ...named("logging_params.save_dir is that folder.", "default_root_dir"),
  ...named("there is no memory to pin.", "pin_memory"),
  ...named(
    "logging_params.loggers says where metrics go.",
    "logger wandb tensorboard use_wandb mlflow use_mlflow",
  ),
};

function named(here: string, there: string): Record<string, string> {
  return Object.fromEntries(there.split(" ").map((name) => [plain(name), here]));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** The key that another program's `name` means here, as `SECTION.KEY`. */
export const synonym = (name: string): string | undefined =>
  Object.hasOwn(SYNONYMS, plain(name)) ? SYNONYMS[plain(name)] : undefined;

/** What to say of another program's `name` that has no counterpart here. */
export const absent = (name: string): string | undefined =>
  Object.hasOwn(ABSENT, plain(name)) ? ABSENT[plain(name)] : undefined;
