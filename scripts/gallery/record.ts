import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What docs/gallery.md tells of a trained config, beside its pictures. */
export interface GalleryRecord {
  /** configs/gallery/NAME.yaml. */
  readonly name: string;
  readonly model: string;
  readonly data: string;
  /** [H, W, C]. */
  readonly image_shape: readonly number[];
  readonly train_images: number;
  readonly epochs: number;
  readonly steps: number;
  /** Whether it was trained for all epochs of its config; else it was stopped before. */
  readonly complete: boolean;
  /** Of the training steps alone, without validation, by metrics.csv. */
  readonly seconds: number;
  readonly precision: string;
  readonly backend: string;
  readonly device: string;
  readonly cpu: string;
  readonly cores: number;
  readonly versions: Readonly<Record<string, string>>;
  /** When it was begun. */
  readonly date: string;
  /** What was given by --set beside the config. */
  readonly set: readonly string[];
  readonly parameters: number;
  readonly evaluated: {
    readonly split: string;
    readonly images: number;
    readonly step: number;
    readonly draws?: number;
  };
  /** What was fitted to the posteriors of training images, for `samples_fitted`. */
  readonly sampler: string;
  readonly figures: Readonly<Record<string, number>>;
  /** Files beside this one, by what they show. */
  readonly pictures: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: files of this project, as they are
type Json = Record<string, any>;
const json = (file: string): Json => JSON.parse(readFileSync(file, "utf8"));

/** The newest version of a run below `logs`; undefined where there is none. */
export function runOf(logs: string, name: string): string | undefined {
  const folder = join(logs, `gallery_${name}`);
  if (!existsSync(folder)) return undefined;
  const versions = readdirSync(folder).flatMap((entry) => /^version_(\d+)$/.exec(entry)?.[1] ?? []);
  const newest = Math.max(...versions.map(Number));
  return Number.isFinite(newest) ? join(folder, `version_${newest}`) : undefined;
}

/** What the run at `run` and its evaluation tell. */
export function recordOf(
  name: string,
  run: string,
  evaluation: string,
  more: Pick<GalleryRecord, "pictures" | "sampler" | "set"> & { readonly draws?: number | undefined },
): GalleryRecord {
  const config = parse(readFileSync(join(run, "config.yaml"), "utf8")) as Json;
  const environment = json(join(run, "environment.json"));
  const { figures, split, images, step } = json(evaluation);
  const rows = metricsOf(run);
  const steps = rows.at(-1)!.step!;
  const { max_epochs, precision } = config.trainer_params;
  const perEpoch = Math.floor(environment.data.train_images / config.data_params.train_batch_size);
  const numbers = Object.entries(figures as Json).filter(([, value]) => typeof value === "number");
  return {
    name,
    model: config.model_params.name,
    data: environment.data.name,
    image_shape: environment.data.image_shape,
    train_images: environment.data.train_images,
    epochs: Number((steps / perEpoch).toFixed(2)),
    steps,
    complete: steps >= max_epochs * perEpoch,
    seconds: Math.round(trainingSeconds(rows, config.data_params.train_batch_size)),
    precision,
    backend: environment.backend,
    device: environment.device,
    cpu: environment.machine.cpu,
    cores: environment.machine.cores,
    versions: environment.versions,
    date: environment.date,
    set: more.set,
    parameters: environment.parameters,
    evaluated: { split, images, step, ...(more.draws !== undefined && { draws: more.draws }) },
    sampler: more.sampler,
    figures: Object.fromEntries(numbers.map(([key, value]) => [key, Number(value.toPrecision(6))])),
    pictures: more.pictures,
  };
}

/** Rows of metrics.csv. */
function metricsOf(run: string): Record<string, number>[] {
  const [head, ...lines] = readFileSync(join(run, "metrics.csv"), "utf8").trim().split("\n");
  const columns = head!.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(columns.flatMap((c, i) => (cells[i] ? [[c, Number(cells[i])]] : [])));
  });
}

/** Each row's images a second are those of the steps since such a row before; rows of validation have none. */
function trainingSeconds(rows: readonly Record<string, number>[], batch: number): number {
  let [sum, last] = [0, 0];
  for (const { step, "train/images_per_second": rate } of rows) {
    if (rate === undefined) continue;
    sum += ((step! - last) * batch) / rate;
    last = step!;
  }
  return sum;
}

/** The records in `folder`, by name. */
export function recordsIn(folder: string): Map<string, GalleryRecord> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return new Map();
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return new Map(files.map((file) => [file.slice(0, -5), json(join(folder, file)) as GalleryRecord]));
}
