import { ConfigError, EngineError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { tf } from "../tf.ts";
import type { StepCompiler } from "./compiler.ts";
import { findLibrary } from "./tensorflow/library.ts";
import type { WasmBackend } from "./wasm/backend.ts";

export const backendNames = ["auto", "tensorflow", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];
/** Those that `auto` chooses from. */
export type TrainingBackend = "tensorflow" | "wasm";

export interface BackendInfo {
  readonly name: "tensorflow" | "wasm" | "cpu";
  /** Version of TensorFlow, or of tfjs. */
  readonly version: string;
  readonly device: string;
  /** Runs whole steps at once; absent where the backend can't. */
  readonly compiler?: StepCompiler;
}

export interface BackendOptions {
  /**
   * What `auto` tries first; tensorflow or wasm where that can't be used. Default: tensorflow where its library is, else
   * wasm.
   */
  readonly prefer?: BackendInfo["name"];
  /** Takes a sentence for the user: that `auto` left a backend out, and why. Default: to standard error. */
  say?(text: string): void;
}

/**
 * Makes a backend tfjs's own from here on. `auto` is `prefer`, by default tensorflow where its library is set up and
 * wasm, which needs nothing, elsewhere; and the other one, with a note, where that one can't be used.
 *
 * @throws ConfigError for an unknown name, EngineError where the backend is missing or does not load
 */
export async function useBackend(name: string, options: BackendOptions = {}): Promise<BackendInfo> {
  const known = backendNames.find((n) => n === name);
  if (known === undefined) throw unknownBackend(name, backendNames);
  return known === "auto" ? either(options) : start[known]();
}

/** Of a name that is none of `names`. */
export const unknownBackend = (name: string, names: readonly string[]): ConfigError =>
  new ConfigError(`--backend: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`);

/** Whether `auto` has a choice: a library of TensorFlow's is set up, or named. */
export const tensorFlowIsThere = (): boolean =>
  Boolean(process.env.TFJS_VAE_TENSORFLOW) || findLibrary() !== undefined;

async function either({ prefer, say = console.error }: BackendOptions): Promise<BackendInfo> {
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
      (cause: Error) => {
        throw new EngineError(
          `koffi, which calls TensorFlow's library, does not load: ${cause.message.split("\n")[0]}. Install the packages again, optional ones too; or use --backend wasm, which needs nothing.`,
          { cause },
        );
      },
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
    return { name: "wasm", version: tf.version_core, device };
  },

  async cpu(): Promise<BackendInfo> {
    await activate("cpu");
    Object.assign(tf.backend(), { firstUse: false }); // or tfjs prints an advertisement of tfjs-node
    return { name: "cpu", version: tf.version_core, device: "JavaScript" };
  },
};

/** @throws EngineError where tfjs has it not, or can't make it */
async function activate(name: BackendInfo["name"]): Promise<void> {
  if (await tf.setBackend(name)) return;
  throw new EngineError(
    `tfjs can't start the backend ${name}. Choose another: --backend ${name === "wasm" ? "cpu" : "wasm"}.`,
  );
}
