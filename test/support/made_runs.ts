import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeSafetensors } from "../../src/formats/safetensors.ts";

export interface MadeRun {
  /** Rows of training, a step each. */
  readonly rows: number;
  /** A validation after so many. */
  readonly validateEvery?: number;
  /** Of config.yaml, in place of what is made. */
  readonly config?: string;
  readonly lr?: number;
  readonly epochs?: number;
  /** What the header of its last checkpoint says of where it stands; left out: it has none. */
  readonly state?: Readonly<Record<string, unknown>>;
}

const TERMS = [
  "total",
  "reconstruction",
  "kl",
  "mse",
  "gradient_norm",
  "learning_rate",
  "images_per_second",
  "data_wait_share",
];
const METRICS = ["total", "objective", "reconstruction", "kl", "mse", "active_units", "elbo", "psnr"];

/** Columns of the `metrics.csv` that is made. */
export const MADE_COLUMNS = [
  ...TERMS.map((name) => `train/${name}`),
  ...METRICS.map((name) => `val/${name}`),
];

/** The folder of a run as the runner leaves it, with a `metrics.csv` whose curves fall and waver, always the same. */
export function makeRun(path: string, made: MadeRun): string {
  mkdirSync(join(path, "checkpoints"), { recursive: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(join(path, "config.yaml"), made.config ?? configOf(made));
  if (made.state !== undefined)
    writeFileSync(join(path, "checkpoints/last.safetensors"), checkpointOf(made.state));
  if (made.rows > 0) writeFileSync(join(path, "metrics.csv"), metricsOf(made));
  return path;
}

const configOf = ({ lr = 0.001, epochs = 10 }: MadeRun) => `model_params: {name: VanillaVAE, latent_dim: 8}
data_params: {name: shapes3d, size: 64, train_batch_size: 16}
exp_params: {LR: ${lr}, kld_weight: 1, reconstruction: pixel_sum}
trainer_params: {max_epochs: ${epochs}}
logging_params: {save_dir: logs}
`;

/** A checkpoint with no weights: all that is read of it here is its header. */
const checkpointOf = (state: object) =>
  writeSafetensors([], {
    format: "tfjs-vae checkpoint 2",
    model: "VanillaVAE",
    state: JSON.stringify(state),
  });

export function metricsOf({ rows, validateEvery = 1000, lr = 0.001 }: MadeRun): string {
  const lines = [`step,epoch,${MADE_COLUMNS.join(",")}`];
  let noise = Math.round(lr * 1e6) || 1;
  const wavers = () => {
    noise = (Math.imul(noise, 1103515245) + 12345) & 0x7fffffff;
    return noise / 0x7fffffff;
  };
  for (let step = 1; step <= rows; step++) {
    const epoch = Math.floor(step / validateEvery);
    const loss = 5000 / (1 + step * lr) + 100 * wavers();
    const train = [loss, loss * 0.9, loss * 0.1, loss / 1e5, 3 * wavers(), lr, 400 + 10 * wavers(), 0.01];
    lines.push(`${step},${epoch},${train.join(",")}${",".repeat(METRICS.length)}`);
    if (step % validateEvery !== 0) continue;
    const val = [loss, loss, loss * 0.9, loss * 0.1, loss / 1e5, 8, -loss, 30 - loss / 300];
    lines.push(`${step},${epoch}${",".repeat(TERMS.length)},${val.join(",")}`);
  }
  return `${lines.join("\n")}\n`;
}
