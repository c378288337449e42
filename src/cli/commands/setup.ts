import type { Command } from "commander";
import { TENSORFLOW_VERSION } from "../../backends/tensorflow/library.ts";
import { examples } from "../examples.ts";
import { tensorFlowProblem } from "./doctor.ts";

interface Options {
  readonly wheel?: string;
  /** true: the option without a value. */
  readonly python?: string | true;
  readonly gpu?: boolean;
  readonly force?: boolean;
}

/** `vae setup tensorflow`: gets TensorFlow's library. */
export function addSetup(program: Command): void {
  const setup = program
    .command("setup")
    .description("get TensorFlow's library, which may train faster; nothing needs it");
  setup
    .command("tensorflow")
    .description(
      `get TensorFlow's library (${TENSORFLOW_VERSION}, 192 MB to download on linux x64, 274 MB with a pip before 25.3) into the user's cache`,
    )
    .option("--wheel <file>", "take it out of a wheel on disk")
    .option("--python [executable]", "use the TensorFlow that a Python has installed (default: python3)")
    .option("--gpu", "get it with CUDA (3.4 GB to download)")
    .option("--force", "get it again where it is there")
    .addHelpText(
      "after",
      examples({
        "vae setup tensorflow": "for the CPU",
        "vae setup tensorflow --gpu": "for an NVIDIA GPU",
        "vae setup tensorflow --python": "that of python3, nothing to download",
        "vae setup tensorflow --wheel tensorflow.whl": "without a network",
      }),
    )
    .action(setupCommand);
}

async function setupCommand({ wheel, python, gpu, force }: Options, command: Command): Promise<void> {
  if ([wheel, python, gpu].filter((x) => x !== undefined).length > 1)
    command.error("error: --wheel, --python and --gpu exclude each other: give one");
  // Here and not above, so that the other commands don't wait for them.
  const { bytesText } = await import("../../text/numbers.ts");
  const { setupTensorflow } = await import("../../setup/tensorflow.ts");
  const { abortOnSignals } = await import("../abort_on_signals.ts");
  const { DownloadProgress } = await import("../progress.ts");
  const progress = new DownloadProgress();
  const stop = abortOnSignals();
  const began = performance.now();
  try {
    const { manifest, already } = await setupTensorflow({
      wheel,
      python: python === true ? "python3" : python,
      gpu,
      force,
      signal: stop.signal,
      say: (text) => progress.message(text),
      onProgress: (p) => progress.show(p),
      showPip: process.stdout.isTTY,
    });
    progress.close();
    const bytes = Object.values(manifest.files).reduce((a, b) => a + b, 0);
    const library = `TensorFlow ${manifest.version} in ${manifest.folder} (${bytesText(bytes)})`;
    if (already) console.log(`${library} is set up already; --force gets it again.`);
    else console.log(`${library} is set up, in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    if (manifest.version !== TENSORFLOW_VERSION)
      console.log(`Note: tfjs-vae is tested with TensorFlow ${TENSORFLOW_VERSION}.`);
    if (process.env.TFJS_VAE_TENSORFLOW)
      console.log(`But TFJS_VAE_TENSORFLOW is set, so ${process.env.TFJS_VAE_TENSORFLOW} is used.`);
    const problem = already ? undefined : await tensorFlowProblem();
    if (problem !== undefined)
      console.log(`Note: it does not compute here, so --backend auto takes wasm: ${problem}`);
  } catch (error) {
    progress.close();
    if (stop.exitCode === undefined) throw error;
    console.error("Stopped; what was begun is removed.");
    process.exitCode = stop.exitCode;
  } finally {
    stop.dispose();
  }
}
