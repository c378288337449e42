import { existsSync, readdirSync } from "node:fs";
import { styleText } from "node:util";
import type { Command } from "commander";
import type { LoadedConfig } from "../../config/load.ts";
import { ConfigError } from "../../errors.ts";
import { type Place, placeOf } from "../../process/place.ts";
import { ignoreSaving } from "../../process/signals.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";
import { addLaunchOptions, LAUNCH_NAMES, type LaunchOptions, launchWords } from "../launch_options.ts";
import { wholeNumber } from "../numbers.ts";
import { backendOption, namedConfigs, repeatable, setOption } from "../options.ts";
import type { SweepOptions } from "../sweep_command.ts";

interface Options extends SweepOptions, LaunchOptions {
  readonly config?: readonly string[];
  readonly set?: readonly string[];
  readonly backend: string;
  readonly resume?: string;
  readonly until?: number;
  readonly processes?: number;
  readonly nodes?: readonly string[];
  readonly rank?: number;
  readonly quiet: boolean;
}

/** What several processes are trained by; none of it goes with a sweep. */
const TOGETHER = ["processes", "nodes", "rank"] as const;

/** `vae run`: trains what a config says. */
export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("train the model of a config")
    .argument(
      "[file]",
      "the same as --config FILE; or a folder of images, for which a config is written first",
    )
    .addOption(
      repeatable(
        "-c, --config <file>",
        "YAML file; of several each is laid over those before; with --resume RUN the run's own where left out",
      ),
    )
    .addOption(setOption({ example: "model_params.latent_dim=64" }))
    .addOption(backendOption({ trains: true }))
    .option("--resume <run>", "go on with a run's folder, or auto: the newest of this name, else a new one")
    .option(
      "--until <step>",
      "stop there, validated and saved; --resume goes on as if it had not",
      wholeNumber(1),
    )
    .addOption(
      repeatable(
        "--sweep <key=range>",
        "train a run for each value, of several ranges for each combination: 1e-4,3e-4 or log(0.5..8)x5, lin(0..1)x5, int(1..4)",
      ),
    )
    .option("--random <n>", "with --sweep: so many settings drawn from the ranges", wholeNumber(1))
    .option("--sweep-seed <n>", "of these draws; default: 0", wholeNumber(0))
    .option("--out <folder>", "with --sweep: of its runs and results; SAVE_DIR/sweeps/NAME where left out")
    .option(
      "--processes <n>",
      "train in so many processes on this machine, each on a part of every batch",
      wholeNumber(1),
    )
    .option(
      "--nodes <host:port,…>",
      "the addresses of all processes that train together, rank 0's first",
      (text) => text.split(","),
    )
    .option("--rank <n>", "which of --nodes this process is, from 0", wholeNumber(0));
  addLaunchOptions(command)
    .option("--quiet", "say only what is needed", false)
    .addHelpText(
      "after",
      examples({
        "vae run --config configs/dfcvae.yaml": "a new run in logs/DFCVAE/version_N",
        "vae run --config my.yaml --set exp_params.LR=0.002": "with a value changed",
        "vae run --config my.yaml --resume auto": "go on with the newest run, or start one",
        "vae run --resume logs/DFCVAE/version_0": "go on with that one, by its own config",
        "vae run path/to/photos": "a config for a folder of images, and a run of it",
        "vae run --config my.yaml --sweep exp_params.LR=1e-4,3e-4,1e-3": "a run for each, and which is best",
        "vae run --config my.yaml --sweep exp_params.LR=1e-4,1e-3 --launcher slurm":
          "the same, as jobs of Slurm",
      }),
    )
    .action(async (file: string | undefined, options: Options) => {
      const named = namedConfigs("run", file, options);
      const images = named.config === undefined ? undefined : await configOfImages(file!, options);
      await runOrSweep({ ...options, ...named, ...(images !== undefined && { config: [images] }) });
    });
}

/** The config for a folder of images, written where there is none yet; undefined where it is no such folder. */
async function configOfImages(folder: string, { set = [] }: Options): Promise<string | undefined> {
  const { isFolder } = await import("../../files/is_folder.ts");
  if (!isFolder(folder)) return undefined;
  const { isRun } = await import("../../experiment/runs/run_files.ts");
  if (isRun(folder))
    // its pictures are images, too
    throw new ConfigError(
      `vae run: expected a config or a folder of images, got the run "${folder}". To go on with it: vae run --resume ${shellWord(folder)}`,
    );
  const hasConfigs = readdirSync(folder).some((name) => /\.ya?ml$/i.test(name));
  const { lookAtImages } = await import("../../data/image_folder/look.ts");
  if (hasConfigs && (await lookAtImages(folder)) === undefined) return undefined; // reading it as a config names them
  const { checkIsOf, lookAt, modelNamed, nameOf, writeStarter } = await import("../starter.ts");
  const look = await lookAt(folder);
  const { modelNames } = await import("../../models/registry.ts");
  const asked = set.findLast((value) => value.startsWith("model_params.name="))?.split("=")[1];
  const model = await modelNamed(asked ?? modelNames()[0]!, "vae run --set model_params.name");
  const file = `${nameOf(model, folder)}.yaml`;
  const there = existsSync(file);
  if (there) await checkIsOf(file, folder);
  else await writeStarter(file, { model, folder, look, measure: false });
  console.log(
    `note   ${file} ${there ? "is there, and taken as it is" : `is written for the ${look.images} images of ${folder}, with comments`}`,
  );
  return file;
}

async function runOrSweep(options: Options): Promise<void> {
  if (options.sweep === undefined) {
    for (const name of ["random", "sweepSeed", "out", ...LAUNCH_NAMES] as const)
      if (options[name] !== undefined)
        throw new ConfigError(
          `vae run --${name === "sweepSeed" ? "sweep-seed" : name}: expected --sweep KEY=RANGE with it, such as --sweep exp_params.LR=1e-4,3e-4,1e-3`,
        );
    return run(options);
  }
  for (const name of TOGETHER)
    if (options[name] !== undefined)
      throw new ConfigError(
        `vae run --${name}: expected it without --sweep, whose runs are each of one process. Leave it out`,
      );
  for (const name of ["resume", "until"] as const)
    if (options[name] !== undefined)
      throw new ConfigError(
        `vae run --${name}: expected it without --sweep: the same sweep typed again goes on where it stopped. Leave it out`,
      );
  const { sweepOfCommand } = await import("../sweep_command.ts");
  const { trainSweep } = await import("../train_sweep.ts");
  const { set = [], backend, sweep, random, sweepSeed, out } = options;
  const configs = await filesOf(options);
  const words = [
    ...configs.map((file) => ["--config", file]),
    ...set.map((value) => ["--set", value]),
    ...sweep.map((range) => ["--sweep", range]),
    ...Object.entries({
      "--random": random,
      "--sweep-seed": sweepSeed,
      "--out": out,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    ...(backend === "auto" || backend === "measure" ? [] : [["--backend", backend]]),
  ];
  const again = ["vae run", ...words.flat().map(shellWord), ...launchWords(options)].join(" ");
  await trainSweep(await sweepOfCommand(configs, set, options), { launch: options, backend, again });
}

async function run(options: Options): Promise<void> {
  // Here and not above, so that the other commands don't wait for them.
  const { loadConfig } = await import("../../config/load.ts");
  const { trainConfig } = await import("../../api/train_config.ts");

  ignoreSaving(); // before there is anything to save
  const loaded = await loadConfig(await filesOf(options), { set: options.set ?? [] });
  const { backend, resume, quiet, until, processes, nodes, rank } = options;
  const place = placeOf({ nodes, rank }, process.env);
  if (processes !== undefined && processes > 1) {
    process.exitCode = await inProcesses(processes, place, loaded);
    return;
  }
  const how = { backend, resume, quiet, until, place, out: process.stdout };
  const { run, interrupted, paused, state, problem } = await trainConfig(loaded, how);
  if (interrupted !== undefined) {
    console.log(`stopped at step ${state.step}, saved. To go on: vae run --resume ${shellWord(run)}`);
    process.exitCode = interrupted;
  } else if (paused && problem === undefined) {
    if (!quiet) console.log(`at step ${state.step}, saved. To go on: vae run --resume ${shellWord(run)}`);
  } else if (problem !== undefined) {
    console.error(styleText("red", problem, { stream: process.stderr }));
    process.exitCode = 1;
  }
}

async function inProcesses(
  count: number,
  place: Place | undefined,
  { config }: LoadedConfig,
): Promise<number> {
  if (place !== undefined)
    throw new ConfigError(
      `vae run --processes: expected none where this process is rank ${place.rank} of ${place.nodes.length} already, by --nodes or what started it, got ${count}. Leave it out, or start so many by what starts them.`,
    );
  const { checkShares } = await import("../../experiment/training/devices.ts");
  const { runProcesses } = await import("../rank_processes.ts");
  checkShares(config, count);
  const args = process.argv.slice(2);
  const at = args.findIndex((arg) => /^--processes(=|$)/.test(arg));
  args.splice(at, args[at]!.includes("=") ? 1 : 2);
  return runProcesses(count, args);
}

/** @throws ConfigError where nothing says what to run */
async function filesOf({ config, resume }: Options): Promise<readonly string[]> {
  if (config !== undefined) return config;
  if (resume !== undefined && resume !== "auto") {
    const { configOfRun } = await import("../../api/train_config.ts");
    return [configOfRun(resume)];
  }
  const after = resume === undefined ? "" : " with --resume auto";
  throw new ConfigError(
    `vae run: expected --config FILE${after}, got none. For a first run: vae run --config configs/dfcvae.yaml`,
  );
}
