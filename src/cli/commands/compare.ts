import type { Command } from "commander";
import type { RunSummary } from "../../experiment/runs/summary.ts";
import type { OpenRun } from "../../experiment/trained/open_trained.ts";
import type { Images } from "../../explore/images.ts";
import type { Rng } from "../../rng.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { scaleOption } from "../options.ts";
import { addOut, type OutOptions, writeOutputs } from "../outputs.ts";
import { addRunOptions, RUN_HELP, type RunOptions, validationImages, withRun } from "../with_run.ts";

const STANDARD = "comparison.png";

interface Options extends RunOptions, OutOptions {
  readonly count: number;
  readonly json: boolean;
  readonly scale?: number;
}

/** `vae compare RUN RUN…`: a table of metrics and settings, and pictures of each. */
export function addCompare(program: Command): void {
  const command = program
    .command("compare")
    .description("compare runs: best metrics, settings that differ, and one sheet of pictures of each")
    .argument("<runs...>", `two or more: ${RUN_HELP}`)
    .option("--count <n>", "images in a row of the sheet", wholeNumber(1), 8)
    .option("--json", "print metrics and settings as JSON", false)
    .addOption(scaleOption());
  addOut(command, STANDARD, [".png"]);
  addRunOptions(command)
    .addHelpText(
      "after",
      examples({
        "vae compare logs/VanillaVAE/version_0 logs/DFCVAE/version_0": "the sheet in comparison.png",
        "vae compare logs/DFCVAE/version_* --count 12 --out sheet.png": "",
      }),
    )
    .action((paths: string[], options: Options) => run(paths, options));
}

/** A run's rows of the sheet, in the range of its images. */
interface Rows {
  readonly validation: Images;
  readonly reconstructions: Images;
  readonly samples?: Images;
  readonly range: readonly [number, number];
}

async function run(
  paths: readonly string[],
  { count, json, scale, out, force, ...options }: Options,
): Promise<void> {
  const { ConfigError } = await import("../../errors.ts");
  if (paths.length < 2) throw new ConfigError(`vae compare: expected two runs or more, got ${paths.length}.`);
  const { leaves } = await import("../../config/leaves.ts");
  const { summarize } = await import("../../experiment/runs/summary.ts");
  const rows: Rows[] = [];
  const summaries: RunSummary[] = [];
  const settings: Map<string, unknown>[] = [];
  for (const path of paths) {
    await withRun(path, options, async (opened, rng) => {
      rows.push(await picturesOf(opened, rng, count));
      summaries.push({ ...summarize(opened.runDir), path });
      settings.push(leaves(opened.config));
    });
  }
  const keys = [...new Set(settings.flatMap((held) => [...held.keys()]))];
  const differing = keys.filter((key) => new Set(settings.map((held) => held.get(key))).size > 1);
  const different = Object.fromEntries(
    differing.map((key) => [key, settings.map((held) => held.get(key) ?? null)]),
  );
  if (json) console.log(JSON.stringify({ runs: summaries, settings: different }, null, 2));
  else console.log(await text(summaries, different));
  await writeOutputs({ out, force }, STANDARD, { png: () => sheet(paths, rows, count, scale), arrays: {} });
}

async function picturesOf(opened: OpenRun, rng: Rng, count: number): Promise<Rows> {
  const { reconstruct, sample } = await import("../../explore/pictures.ts");
  const { vae, imageRange: range } = opened;
  const validation = await validationImages(opened, count);
  return {
    validation,
    reconstructions: await reconstruct(vae, validation, rng.fold("reconstructions")),
    ...(vae.sample && { samples: await sample(vae, count, rng.fold("samples")) }),
    range,
  };
}

async function text(
  runs: readonly RunSummary[],
  settings: Readonly<Record<string, unknown[]>>,
): Promise<string> {
  const { changeLines, runTable } = await import("./runs.ts");
  const { table } = await import("../table.ts");
  const names = Object.keys(settings);
  const cell = (value: unknown) => (value === null ? "" : String(value));
  const rows = names.map((name) => [name, ...settings[name]!.map(cell)]);
  const compared =
    names.length === 0
      ? "all settings are the same"
      : table(["setting", ...runs.map(({ path }) => path)], rows);
  return [await runTable(runs), "", compared, ...(await changeLines(runs))].join("\n");
}

/** Of each run its validation images, their reconstructions and samples, a row each. */
async function sheet(
  paths: readonly string[],
  runs: readonly Rows[],
  columns: number,
  scale: number | undefined,
): Promise<Buffer> {
  const { enlarged, rowOf } = await import("../../explore/contact_sheet.ts");
  const { concatImages } = await import("../../explore/images.ts");
  const { gridPng } = await import("../../images/grid.ts");
  const side = Math.max(...runs.map(({ validation }) => Math.max(validation.shape[1], validation.shape[2])));
  const shown = runs.flatMap(({ validation, reconstructions, samples, range }, i) => {
    const label = (what: string) => `${paths[i]!.split(/[/\\]/).slice(-2).join("/")}\n${what}`;
    return [
      { label: label("images"), images: validation, range },
      { label: label("reconstructions"), images: reconstructions, range },
      ...(samples ? [{ label: label("samples"), images: samples, range }] : []),
    ];
  });
  const all = concatImages(shown.map(({ images, range }) => rowOf(enlarged(images, side, range), columns)));
  const rowLabels = shown.map(({ label }) => label);
  return gridPng(all.images, all.shape, { columns, range: [0, 1], scale, rowLabels });
}
