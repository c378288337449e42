import { type Command, Option } from "commander";
import { ignoreSaving, takeSignals } from "../../process/signals.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";
import { addLaunchOptions, type LaunchOptions, launcherOf, launchWords } from "../launch_options.ts";
import { backendOption, scaleOption, setOption } from "../options.ts";
import type { Complete } from "../search_values.ts";

interface Options extends LaunchOptions {
  readonly out?: string;
  readonly set?: readonly string[];
  readonly backend: string;
  readonly report: boolean;
  /** Folder of one run: evaluate that alone, which is trained; the command itself gives it, with --jobs. */
  readonly evaluate?: string;
  readonly scale?: number;
}

/** `vae experiment FILE`: trains several configs over several seeds and compares them. */
export function addExperiment(program: Command): void {
  const command = program
    .command("experiment")
    .description(
      "train several configs, written out or made from ranges, over several seeds, and compare them in one table",
    )
    .argument("<file>", "YAML file of the experiment")
    .option("--out <folder>", "of its runs and results; logs/experiments/NAME where left out")
    .addOption(setOption({ example: "shared.data_params.data_path=path/to/images" }))
    .addOption(backendOption({ trains: true }))
    .addOption(scaleOption());
  addLaunchOptions(command)
    .addOption(new Option("--evaluate <folder>").hideHelp())
    .option("--report", "train nothing: make table and pictures anew of what is there", false)
    .addHelpText(
      "after",
      examples({
        "vae experiment configs/experiments/paper_shapes3d.yaml": "the same again goes on where it stopped",
        "vae experiment FILE --set steps=100 --set seeds=[1]": "with values of the file changed",
        "vae experiment FILE --report": "of what is there",
        "vae experiment configs/sweeps/lr_latent_dim.yaml --jobs 2": "a sweep, two runs at once",
        "vae experiment FILE --launcher slurm --resource time=4:00:00": "as jobs of Slurm",
      }),
    )
    .action((file: string, options: Options) => experiment(file, options));
}

async function experiment(file: string, options: Options): Promise<void> {
  const { out, set = [], backend, report: only, scale } = options;
  const name = backend === "measure" ? "auto" : backend; // measured once, before the first run
  const words = [
    "experiment",
    file,
    ...(out === undefined ? [] : ["--out", out]),
    ...set.flatMap((v) => ["--set", v]),
  ];
  const again = [
    "vae",
    ...words.map(shellWord),
    ...(name === "auto" ? [] : ["--backend", shellWord(name)]),
    ...launchWords(options),
  ].join(" ");
  const { isSweep, loadSeries } = await import("../../experiment/series/load.ts");
  const plan = await loadSeries(file, { set, ...(out !== undefined && { out }) });
  if (isSweep(plan)) {
    const { trainSweep } = await import("../train_sweep.ts");
    return trainSweep(plan, { launch: options, backend, again, only });
  }
  const { search } = plan;
  if (options.evaluate !== undefined) {
    const { evaluateOne } = await import("../evaluate_one.ts");
    return evaluateOne(plan, options.evaluate, backend);
  }
  const { lookAfter } = await import("../fleet.ts");
  if (options.status || options.cancel) {
    for (const [what, series] of [["trials", search] as const, ["runs", plan] as const].filter(
      ([, s]) => s,
    )) {
      if (search !== undefined) console.log(`${what}:`);
      await lookAfter(series!, await launcherOf(series!, options), options, again);
    }
    return;
  }
  ignoreSaving(); // between two runs
  // While a run trains it takes the signals itself, and saves. What is written is written whole or not at all, so that
  // nothing is lost but an evaluation under way.
  const leave = takeSignals((_, code) => {
    console.log(`stopped. To go on: ${again}`);
    process.exit(code);
  });
  try {
    const { completeExperiment } = await import("../complete_experiment.ts");
    const { searchValues } = await import("../search_values.ts");
    const apart = options.launcher !== undefined || options.jobs !== undefined;
    const complete: Complete = async (series, on, how = {}) =>
      only
        ? { name, here: name }
        : completeExperiment(series, {
            backend: on,
            again,
            words,
            ...how,
            ...(apart && { launcher: await launcherOf(series, options) }),
          });
    const searched = search && (await searchValues(plan, search, { complete, backend, only }));
    if (search !== undefined && searched === undefined) return;
    const whole = searched?.whole ?? plan;
    const done = await complete(whole, searched?.backend ?? backend, {
      check: search === undefined ? plan : undefined,
    });
    if (done === undefined) return;
    const { report } = await import("../../experiment/series/report.ts");
    const { table, files, notes } = await report(whole, done.here, scale);
    for (const note of [...(searched?.notes ?? []), ...notes]) console.log(`note   ${note}`);
    console.log(`${table}\nwritten to ${[...files, ...(searched?.files ?? [])].join(", ")}`);
  } finally {
    leave();
  }
}
