import { ConfigError, EngineError } from "../errors.ts";
import { cacheDir } from "../files/cache_dir.ts";
import { didYouMean } from "../text/suggest.ts";
import { tf } from "../tf.ts";
import type { StepCompiler } from "./compiler.ts";
import { backendNames } from "./names.ts";
import { findLibrary } from "./tensorflow/library.ts";
import type { WasmBackend } from "./wasm/backend.ts";
import { acceleratorPlugin, isTested, testedText } from "./xla/plugins/find.ts";
import { acceleratorsHere } from "./xla/plugins/hardware.ts";
import { PLATFORMS, type XlaPlatform } from "./xla/plugins/platforms.ts";

export { type BackendName, backendNames } from "./names.ts";
/** Those of a processor that `auto` lets race. */
export type TrainingBackend = "tensorflow" | "wasm";

export interface BackendInfo {
  readonly name: "tensorflow" | "wasm" | "cpu" | "xla";
  /** Version of TensorFlow, of XLA's plugin, or of tfjs. */
  readonly version: string;
  readonly device: string;
  /** Runs whole steps at once; absent where the backend can't. */
  readonly compiler?: StepCompiler;
  /** The most bytes of the device's memory that were in use at once; undefined where nothing counts them. */
  devicePeak?(): number | undefined;
}

export interface BackendOptions {
  /**
   * What `auto` tries first; tensorflow or wasm where that can't be used. Default: xla where an accelerator and its plugin
   * are, tensorflow where its library is, else wasm.
   */
  readonly prefer?: BackendInfo["name"];
  /** Takes a sentence for the user: that `auto` left a backend out, and why. Default: to standard error. */
  say?(text: string): void;
}

/**
 * Makes a backend tfjs's own from here on. `auto` is `prefer`, by default xla where it has an accelerator, else tensorflow
 * where its library is set up, else wasm, which needs nothing; and the next one, with a note, where one can't be used.
 *
 * @throws ConfigError for an unknown name, EngineError where the backend is missing or does not load
 */
export async function useBackend(name: string, options: BackendOptions = {}): Promise<BackendInfo> {
  const known = backendNames.find((n) => n === name);
  if (known === undefined) throw unknownBackend(name, backendNames);
  if (known === "auto") return best(options);
  if (known.startsWith("xla")) return startXla(known.split(":")[1], options);
  return start[known as keyof typeof start]();
}

/** Of a name that is none of `names`. */
export const unknownBackend = (name: string, names: readonly string[]): ConfigError =>
  new ConfigError(`--backend: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`);

/** Whether `auto` has a choice: a library of TensorFlow's is set up, or named. */
export const tensorFlowIsThere = (): boolean =>
  Boolean(process.env.TFJS_VAE_TENSORFLOW) || findLibrary() !== undefined;

/** xla where that is wished, or has an accelerator; else the better one of the processor's. */
async function best({ prefer, say = console.error }: BackendOptions): Promise<BackendInfo> {
  if (prefer !== undefined && prefer !== "xla") return either(prefer, say);
  try {
    const plugin = acceleratorPlugin();
    if (plugin ?? prefer) return await startXla(plugin?.platform, { say });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const info = await either(undefined, say);
    say(`note   backend xla is left out, ${info.name} computes: ${error.message}`);
    return info;
  }
  for (const platform of acceleratorsHere())
    say(`note   ${PLATFORMS[platform].devices} are here; npx vae setup xla --${platform} lets them train`);
  return either(undefined, say);
}

async function either(
  prefer: Exclude<BackendInfo["name"], "xla"> | undefined,
  say: (text: string) => void,
): Promise<BackendInfo> {
  const there = tensorFlowIsThere();
  const first = prefer ?? (there ? "tensorflow" : "wasm");
  const second = first === "wasm" ? "tensorflow" : "wasm";
  try {
    return await start[first]();
  } catch (error) {
    if (!(error instanceof EngineError) || (second === "tensorflow" && !there)) throw error;
    const info = await start[second]().catch(() => {
      throw error;
    });
    say(`note   backend ${first} is left out, ${second} computes: ${error.message}`);
    return info;
  }
}

const start = {
  async tensorflow(): Promise<BackendInfo> {
    const { registerTensorFlow, tensorFlowCompiler } = await import("./tensorflow/register.ts").catch(
      koffiProblem("TensorFlow's library"),
    );
    const binding = registerTensorFlow();
    await activate("tensorflow");
    const compiler = tensorFlowCompiler();
    return { name: "tensorflow", version: binding.TF_Version, device: binding.device, compiler };
  },

  async wasm(): Promise<BackendInfo> {
    const { registerWasm } = await import("./wasm/register.ts");
    const { threads } = registerWasm();
    await activate("wasm");
    const { wide } = (tf.backend() as WasmBackend).pool.binary;
    const device = `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}, ${wide ? 256 : 128}-bit vectors`;
    return { name: "wasm", version: tf.version.tfjs, device };
  },

  async cpu(): Promise<BackendInfo> {
    await activate("cpu");
    Object.assign(tf.backend(), { firstUse: false }); // or tfjs prints an advertisement of tfjs-node
    return { name: "cpu", version: tf.version.tfjs, device: "JavaScript" };
  },
};

async function startXla(
  platform: string | undefined,
  { say = console.error }: BackendOptions,
): Promise<BackendInfo> {
  const { registerXla } = await import("./xla/register.ts").catch(koffiProblem("XLA's plugins"));
  const folder = cacheDir("xla", "executables");
  const asked = platform as XlaPlatform | undefined;
  const { client, compiler, plugin } = registerXla({ platform: asked, folder, say });
  await activate("xla");
  const [first, ...others] = client.devices;
  const which = others.length > 0 ? `, one of ${client.devices.length}` : "";
  const device = `${first?.kind}${which} (${client.platform})`;
  const devicePeak = () => first?.memoryStats()?.peak;
  if (isTested(plugin) === false)
    say(
      `note   xla: ${plugin.file}: version ${plugin.version} was not tested; ${testedText(plugin.platform)}`,
    );
  const version = plugin.version ?? `by PJRT ${client.apiVersion}`;
  return { name: "xla", version, device, compiler, devicePeak };
}

const koffiProblem =
  (what: string) =>
  (cause: Error): never => {
    throw new EngineError(
      `koffi, which calls ${what}, does not load: ${cause.message.split("\n")[0]}. Install the packages again, optional ones too; or use --backend wasm, which needs nothing.`,
      { cause },
    );
  };

/** @throws EngineError where tfjs has it not, or can't make it */
async function activate(name: BackendInfo["name"]): Promise<void> {
  if (await tf.setBackend(name)) return;
  throw new EngineError(
    `tfjs can't start the backend ${name}. Choose another: --backend ${name === "wasm" ? "cpu" : "wasm"}.`,
  );
}
