import type { Command } from "commander";
import { ConfigError } from "../../errors.ts";
import type { BenchResult } from "../../experiment/timing/bench.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";
import { backendOption, namedConfigs, repeatable, setOption } from "../options.ts";

interface Options {
  readonly config?: readonly string[];
  readonly set?: readonly string[];
  readonly backend: string;
  readonly steps: number;
  readonly warmup: number;
  readonly phases: boolean;
  readonly json: boolean;
}

/** `vae bench`: how fast a config's training step is. */
export function addBench(program: Command): void {
  program
    .command("bench")
    .description("measure the training step of a config, on batches held in memory")
    .argument("[file]", "the same as --config FILE")
    .addOption(repeatable("-c, --config <file>", "YAML file; of several each is laid over those before"))
    .addOption(setOption({ example: "data_params.train_batch_size=16" }))
    .addOption(backendOption({ trains: true }))
    .option("--steps <n>", "steps measured", wholeNumber(1), 20)
    .option("--warmup <n>", "steps before them", wholeNumber(1), 3)
    .option("--no-phases", "measure the whole step alone, in half the time")
    .option("--json", "print the numbers as JSON", false)
    .addHelpText(
      "after",
      examples({
        "vae bench --config configs/dfcvae.yaml": "images/s, and the parts of a step",
        "vae bench --config configs/dfcvae.yaml --set trainer_params.compile=false": "op by op",
      }),
    )
    .action((file: string | undefined, options: Options) =>
      run({ ...options, ...namedConfigs("bench", file, options) }),
    );
}

async function run(options: Options): Promise<void> {
  const { cacheDir } = await import("../../files/cache_dir.ts");
  const { loadConfig } = await import("../../config/load.ts");
  const { bench } = await import("../../experiment/timing/bench.ts");
  const { backendFor } = await import("../../experiment/timing/choose_backend.ts");
  const { prepare } = await import("../../experiment/training/prepare.ts");
  if (options.config === undefined)
    throw new ConfigError(
      "vae bench: expected --config FILE, got none. One of the project's: configs/dfcvae.yaml",
    );
  const loaded = await loadConfig(options.config, { set: options.set ?? [] });
  const { config, baseDir } = loaded;
  const say = (text: string) => console.error(text);
  const backend = await backendFor(options.backend, { configs: [config], baseDir, say });
  const prepared = await prepare({ ...loaded, cacheDir: cacheDir("data") });
  try {
    const { steps, warmup, phases } = options;
    const result = await bench({ config, prepared, backend, steps, warmup, phases, say });
    console.log(options.json ? JSON.stringify(result, null, 2) : text(result));
  } finally {
    await prepared.close();
  }
}

function text(r: BenchResult): string {
  const { median, min, max } = r.images_per_second;
  const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const onDevice = r.peak_device_memory_bytes;
  const device = onDevice === undefined ? "" : `, ${megabytes(onDevice)} of the device's`;
  const { forward_backward, optimizer } = r.phases;
  const phases =
    forward_backward === undefined || optimizer === undefined
      ? ""
      : `forward and backward ${ms(forward_backward)}, optimizer ${ms(optimizer)}; `;
  return [
    `${r.model}, batch ${r.batch_size} of ${r.image_shape.join("x")}, ${r.backend} ${r.version}, ${r.precision}, ${r.compiled ? "compiled" : "op by op"}`,
    `images/s  ${median.toFixed(1)} (median of ${r.steps} steps; ${min.toFixed(1)} to ${max.toFixed(1)})`,
    `a step    ${phases}data, apart: ${ms(r.phases.data)}`,
    `first     ${r.first_step_seconds.toFixed(1)} s to the end of the first step`,
    `memory    ${megabytes(r.peak_memory_bytes)} at most${device}`,
  ].join("\n");
}
