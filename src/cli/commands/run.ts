import { styleText } from "node:util";
import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import { ignoreSaving } from "../../process/signals.ts";
import { shellWord } from "../../text/shell.ts";
import { examples } from "../examples.ts";
import { backendOption, namedConfig, setOption } from "../options.ts";

interface Options {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly backend: string;
  readonly resume?: string;
  readonly quiet: boolean;
}

/** `vae run`: trains what a config says. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("train the model of a config")
    .argument("[file]", "the same as --config FILE")
    .option("-c, --config <file>", "YAML file; with --resume RUN the run's own where left out")
    .addOption(setOption({ example: "model_params.latent_dim=64" }))
    .addOption(backendOption({ trains: true }))
    .option("--resume <run>", "go on with a run's folder, or auto: the newest of this name, else a new one")
    .option("--quiet", "say only what is needed", false)
    .addHelpText(
      "after",
      examples({
        "vae run --config configs/dfcvae.yaml": "a new run in logs/DFCVAE/version_N",
        "vae run --config my.yaml --set exp_params.LR=0.002": "with a value changed",
        "vae run --config my.yaml --resume auto": "go on with the newest run, or start one",
        "vae run --resume logs/DFCVAE/version_0": "go on with that one, by its own config",
      }),
    )
    .action((file: string | undefined, options: Options) =>
      run({ ...options, ...namedConfig("run", file, options) }),
    );
}

async function run(options: Options): Promise<void> {
  // Here and not above, so that the other commands don't wait for them.
  const { loadConfig } = await import("../../config/load.ts");
  const { trainConfig } = await import("../../api/train_config.ts");

  ignoreSaving(); // before there is anything to save
  const loaded = await loadConfig(await fileOf(options), { set: options.set ?? [] });
  const { backend, resume, quiet } = options;
  const { run, interrupted, state, problem } = await trainConfig(loaded, {
    backend,
    resume,
    quiet,
    out: process.stdout,
  });
  if (interrupted !== undefined) {
    console.log(`stopped at step ${state.step}, saved. To go on: vae run --resume ${shellWord(run)}`);
    process.exitCode = interrupted;
  } else if (problem !== undefined) {
    console.error(styleText("red", problem, { stream: process.stderr }));
    process.exitCode = 1;
  }
}

/** @throws ConfigError where nothing says what to run */
async function fileOf({ config, resume }: Options): Promise<string> {
  if (config !== undefined) return config;
  if (resume !== undefined && resume !== "auto") {
    const { configOfRun } = await import("../../api/train_config.ts");
    return configOfRun(resume);
  }
  const after = resume === undefined ? "" : " with --resume auto";
  throw new ConfigError(
    `vae run: expected --config FILE${after}, got none. For a first run: vae run --config configs/dfcvae.yaml`,
  );
}
