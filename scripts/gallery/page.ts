import { readdirSync } from "node:fs";
import { loadConfig } from "../../src/config/load.ts";
import { modelNames } from "../../src/models/registry.ts";
import { counted } from "../../src/text/counted.ts";
import { duration } from "../../src/text/numbers.ts";
import { markedSection } from "../variants_table/marked_section.ts";
import { sourceOf } from "../variants_table/section.ts";
import { type GalleryRecord, recordsIn } from "./record.ts";

const MARK = /<!-- (scripts\/gallery\.ts: ([a-z0-9_]+)) -->/g;
/** Of files of configs/gallery, DATA_MODEL.yaml. */
const MODELS = modelNames().map((name) => `_${sourceOf(name).replace(/\.ts$/, "")}`);

/** What a table shows of a record: the heading, and the cell; a column that no row has is left out. */
const COLUMNS: readonly (readonly [head: string, cell: (r: GalleryRecord) => string | undefined])[] = [
  ["PSNR, dB", ({ figures: f }) => fixed(f.psnr, 1)],
  ["SSIM", ({ figures: f }) => fixed(f.ssim, 3)],
  ["Fréchet of reconstructions", ({ figures: f }) => frechet(f, "reconstructions")],
  ["of samples", ({ figures: f }) => frechet(f, "samples")],
  ["of samples, fitted", ({ figures: f, sampler }) => frechet(f, `samples_${sampler}`)],
  ["KL, nats", ({ figures: f }) => fixed(f.kl, 1)],
  ["-log p(x), nats", (r) => likelihood(r)],
  ["MIG", ({ figures: f }) => fixed(f.mig, 2)],
  ["DCI disentanglement", ({ figures: f }) => fixed(f.dci_disentanglement, 2)],
];
const WHAT: Readonly<Record<string, string>> = {
  samples_fitted: "samples of the prior that was fitted after training",
  reconstructions: "images, each with its reconstruction to the right",
  samples: "samples of the prior",
  interpolations: "from one image to another",
  traversals: "dimensions of z, from -3 to 3",
};

/**
 * docs/gallery.md with its marked sections made anew, one a data set, from configs/gallery and the records beside the pictures.
 */
export async function withGallery(page: string, root: string): Promise<string> {
  const records = recordsIn(`${root}docs/images/gallery`);
  const names = readdirSync(`${root}configs/gallery`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length));
  const groups = [...page.matchAll(MARK)].map(([, mark, data]) => ({ mark: mark!, data: data! }));
  const left = names.filter((name) => !groups.some(({ data }) => data === dataOf(name)));
  if (left.length > 0) throw new Error(`docs/gallery.md: expected a section for ${left.join(", ")}`);
  let made = page;
  for (const { mark, data } of groups) {
    const own = names.filter((name) => dataOf(name) === data);
    made = markedSection(made, mark, await section(own, records, root));
  }
  return made;
}

function dataOf(name: string): string {
  const model = MODELS.find((ending) => name.endsWith(ending));
  if (model !== undefined) return name.slice(0, -model.length);
  throw new Error(`configs/gallery/${name}.yaml: expected a name that ends in one of ${MODELS.join(", ")}`);
}

async function section(
  names: readonly string[],
  records: ReadonlyMap<string, GalleryRecord>,
  root: string,
): Promise<string> {
  const shown = COLUMNS.filter(([, cell]) =>
    names.some((name) => records.has(name) && cell(records.get(name)!) !== undefined),
  );
  const rows = await Promise.all(
    names.map(async (name) => {
      const record = records.get(name);
      const file = `configs/gallery/${name}.yaml`;
      const { config } = await loadConfig(`${root}${file}`);
      return [
        `[${name}](../${file})`,
        epochsOf(config.trainer_params.max_epochs, record),
        record === undefined ? "not trained" : trainedOn(record),
        ...shown.map(([, cell]) => (record && cell(record)) ?? ""),
      ];
    }),
  );
  const head = ["config", "epochs", "trained", ...shown.map(([title]) => title)];
  const pictures = names.flatMap((name) => {
    const record = records.get(name);
    if (record === undefined) return [];
    return Object.entries(record.pictures).map(
      ([what, file]) => `${name}, ${WHAT[what]}:\n\n![${name}: ${what}](images/gallery/${file})`,
    );
  });
  return [table(head, rows), ...pictures].join("\n\n");
}

/** Of the config; and of its training, where a schedule of another length was set for that. */
function epochsOf(configured: number | undefined, record: GalleryRecord | undefined): string {
  const other = record?.complete && record.epochs !== configured;
  return other ? `${record.epochs} (${configured} in the config)` : String(configured);
}

/** How long, by what, on what, and how far, where that is not all of it. */
function trainedOn({
  seconds,
  backend,
  device,
  cpu,
  cores,
  precision,
  complete,
  epochs,
}: GalleryRecord): string {
  const where = backend === "xla" && !/cpu/i.test(device) ? device : `${counted(cores, "core")} of ${cpu}`;
  const part = complete ? "" : `; stopped after ${epochs} epochs`;
  const short = precision === "float32" ? "" : `, ${precision}`;
  return `${duration(seconds)}, ${backend}${short}, ${where}${part}`;
}

const fixed = (value: number | undefined, digits: number): string | undefined => value?.toFixed(digits);

function frechet(figures: GalleryRecord["figures"], of: string): string | undefined {
  const value = Object.entries(figures).find(([key]) => key.startsWith("frechet_") && key.endsWith(`_${of}`));
  return value && Number(value[1].toPrecision(3)).toString();
}

/** Of binary data alone: elsewhere no likelihood that the loss stands for is one of the images as they are. */
function likelihood({ figures: f, evaluated }: GalleryRecord): string | undefined {
  if (evaluated.draws === undefined || f.log_likelihood_trained === undefined) return undefined;
  return `${(-f.log_likelihood_trained).toFixed(2)} (bound ${(-f.elbo_trained!).toFixed(2)})`;
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
