import type { Command } from "commander";
import { type Manifest, TENSORFLOW_VERSION } from "../../backends/tensorflow/library.ts";
import type { OnProgress } from "../../download/unpack.ts";
import { examples } from "../examples.ts";
import { probeXla, tensorFlowProblem } from "./doctor.ts";

interface Options {
  readonly wheel?: string;
  /** true: the option without a value. */
  readonly python?: string | true;
  readonly gpu?: boolean;
  readonly force?: boolean;
}

interface XlaCommandOptions {
  readonly cuda?: boolean;
  readonly rocm?: boolean;
  readonly tpu?: boolean;
  readonly cpu?: boolean;
  readonly force?: boolean;
}

/** `vae setup tensorflow` and `vae setup xla`: get what computes faster than what npm brings. */
export function addSetup(program: Command): void {
  const setup = program
    .command("setup")
    .description("get TensorFlow's library or XLA's plugins, which may train faster; nothing needs them");
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
  setup
    .command("xla")
    .description(
      "get XLA's plugin for this machine's accelerator into the user's cache (NVIDIA 1.3 GB to download, AMD and TPU 0.1 GB); linux x64",
    )
    .option("--cuda", "for NVIDIA GPUs")
    .option("--rocm", "for AMD GPUs")
    .option("--tpu", "for TPUs")
    .option("--cpu", "for the processor, to test with")
    .option("--force", "get it again where it is there")
    .addHelpText(
      "after",
      examples({
        "vae setup xla": "for the accelerator that is here",
        "vae setup xla --cuda": "for an NVIDIA GPU",
      }),
    )
    .action(setupXlaCommand);
}

async function setupCommand({ wheel, python, gpu, force }: Options, command: Command): Promise<void> {
  if ([wheel, python, gpu].filter((x) => x !== undefined).length > 1)
    command.error("error: --wheel, --python and --gpu exclude each other: give one");
  // Here and not above, so that the other commands don't wait for it.
  const { setupTensorflow } = await import("../../setup/tensorflow.ts");
  await settingUp("what was begun is removed", async (told) => {
    const asked = { wheel, python: python === true ? "python3" : python, gpu, force };
    const { manifest, already } = await setupTensorflow({ ...asked, ...told });
    return { name: "TensorFlow", manifest, already, finish: () => tellOfTensorflow(manifest, already) };
  });
}

async function tellOfTensorflow({ version }: Manifest, already: boolean): Promise<void> {
  if (version !== TENSORFLOW_VERSION)
    console.log(`Note: tfjs-vae is tested with TensorFlow ${TENSORFLOW_VERSION}.`);
  if (process.env.TFJS_VAE_TENSORFLOW)
    console.log(`But TFJS_VAE_TENSORFLOW is set, so ${process.env.TFJS_VAE_TENSORFLOW} is used.`);
  const problem = already ? undefined : await tensorFlowProblem();
  if (problem !== undefined)
    console.log(`Note: it does not compute here, so --backend auto takes wasm: ${problem}`);
}

async function setupXlaCommand({ force, ...asked }: XlaCommandOptions, command: Command): Promise<void> {
  const { variableOf, xlaPlatforms } = await import("../../backends/xla/plugins/index.ts");
  const { setupXla } = await import("../../setup/xla/setup_xla.ts");
  const platforms = xlaPlatforms.filter((platform) => asked[platform]);
  if (platforms.length > 1)
    command.error("error: --cuda, --rocm, --tpu and --cpu exclude each other: give one at a time");
  await settingUp("what was got is taken up by the next set-up", async (told) => {
    const { platform, manifest, already } = await setupXla({ platform: platforms[0], force, ...told });
    const finish = async () => {
      const variable = variableOf(platform);
      if (process.env[variable]) console.log(`But ${variable} is set, so ${process.env[variable]} is used.`);
      const probed = already ? undefined : await probeXla(platform);
      if (probed !== undefined && "problem" in probed)
        console.log(`Note: it does not compute here: ${probed.problem}`);
      else if (probed !== undefined) {
        const { devicesText } = await import("../../setup/doctor/xla.ts");
        console.log(`It computes on ${devicesText(probed.devices)}.`);
      }
    };
    return { name: `XLA's plugin for ${platform},`, manifest, already, finish };
  });
}

interface Done {
  readonly name: string;
  readonly manifest: Manifest;
  readonly already: boolean;
  /** Says what there is to say besides. */
  finish(): Promise<void>;
}

/** A set-up with its progress, that Ctrl-C stops; `left`: what becomes of what it had got by then. */
async function settingUp(
  left: string,
  setUp: (told: {
    readonly signal: AbortSignal;
    readonly say: (text: string) => void;
    readonly onProgress: OnProgress;
    readonly showPip: boolean;
  }) => Promise<Done>,
): Promise<void> {
  const { bytesText } = await import("../../text/numbers.ts");
  const { downloading } = await import("../downloading.ts");
  const began = performance.now();
  await downloading(left, async ({ progress, signal }) => {
    const { name, manifest, already, finish } = await setUp({
      signal,
      say: (text) => progress.message(text),
      onProgress: (p) => progress.show(p),
      showPip: process.stdout.isTTY,
    });
    progress.close();
    const bytes = Object.values(manifest.files).reduce((a, b) => a + b, 0);
    const library = `${name} ${manifest.version} in ${manifest.folder} (${bytesText(bytes)})`;
    if (already) console.log(`${library} is set up already; --force gets it again.`);
    else console.log(`${library} is set up, in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    await finish();
  });
}
