import { readFileSync } from "node:fs";
import { arch } from "node:os";
import { EngineError } from "../../errors.ts";
import { cpuinfo } from "../../process/cpuinfo.ts";
import type { Place } from "../../process/place.ts";
import { tf } from "../../tf.ts";
import { registerAdam } from "../adam.ts";
import type { StepCompiler } from "../compiler.ts";
import { adamUpdate } from "./adam.ts";
import { Binding } from "./binding.ts";
import { stepCompiler } from "./compile/step.ts";
import { registerKernels } from "./kernels.ts";
import { type FoundLibrary, findLibrary, isWhole } from "./library.ts";
import { quietTensorFlow } from "./quiet.ts";
import { registerReduction, TensorFlowRanks } from "./ranks/group.ts";
import { Resources } from "./resources.ts";
import { loadTfjsNode, TFJS_NODE } from "./tfjs_node.ts";

let binding: Binding | undefined;
let compiler: StepCompiler | undefined;
let ranks: TensorFlowRanks | undefined;

/** Compiles steps on the registered backend. */
export function tensorFlowCompiler(): StepCompiler {
  if (compiler === undefined) throw new Error("the tensorflow backend is not registered");
  return compiler;
}

/** The processes that train together, where it was registered as one of them. */
export const tensorFlowRanks = (): TensorFlowRanks | undefined => ranks;

/**
 * Registers tfjs's backend "tensorflow": tfjs-node's kernels, as they are, over our binding.
 *
 * @param together this process's place among several, and the ServerDef that says so
 * @throws EngineError where its kernels or the library are missing or do not load
 */
export function registerTensorFlow(together?: {
  readonly place: Place;
  readonly server: Uint8Array;
}): Binding {
  if (binding !== undefined) return binding;
  const { file } = usableLibrary();
  const TfjsNode = loadTfjsNode();
  useOneDnn();
  quietTensorFlow(file);
  const opened = open(file, together?.server);
  const backend = new TfjsNode(opened, TFJS_NODE);
  if (!tf.registerBackend("tensorflow", () => backend, 3))
    throw new EngineError('another package has registered a backend "tensorflow" with tfjs. Remove it.');
  const resources = new Resources(opened, backend);
  registerKernels();
  registerAdam("tensorflow", adamUpdate(opened, backend, resources));
  compiler = stepCompiler(opened, backend, resources);
  if (together !== undefined) {
    ranks = new TensorFlowRanks(opened, file, together.place);
    registerReduction(ranks);
  }
  binding = opened;
  return binding;
}

/** The library, as far as can be told before it is loaded, which a wrong one may end the process by. */
function usableLibrary(): FoundLibrary {
  const library = findLibrary();
  if (library === undefined) {
    const named = process.env.TFJS_VAE_TENSORFLOW;
    throw new EngineError(
      named
        ? `TFJS_VAE_TENSORFLOW: expected libtensorflow_cc.so.2 or its folder, got "${named}". Correct or unset it.`
        : "TensorFlow's library is not set up. Type: npx vae setup tensorflow (or use --backend wasm, which needs nothing).",
    );
  }
  if (!isWhole(library))
    throw new EngineError(
      `${library.file}: a file of TensorFlow's library is missing or has another size. Type: npx vae setup tensorflow --force`,
    );
  if (!hasAvx(cpuinfo()))
    throw new EngineError(
      "this processor has no AVX, which TensorFlow's library is compiled for. Use --backend wasm.",
    );
  const limit = addressLimit();
  if (limit < LEAST_ADDRESSES)
    throw new EngineError(
      `this process may have ${Math.floor(limit / 2 ** 20)} MiB of addresses, by which TensorFlow crashes: expected ${LEAST_ADDRESSES / 2 ** 20} MiB or more. Type: ulimit -v unlimited`,
    );
  return library;
}

/** A small model trains with so many, and crashes with a quarter less. */
const LEAST_ADDRESSES = 4096 * 2 ** 20;

/** The limit that `ulimit -v` sets, in bytes, where Linux says it. */
function addressLimit(): number {
  try {
    const [, bytes] = /^Max address space\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return bytes === undefined ? Infinity : Number(bytes);
  } catch {
    return Infinity;
  }
}

/** Whether a processor has what TensorFlow's wheels are compiled for, where Linux's /proc/cpuinfo says it. */
export function hasAvx(text: string | undefined): boolean {
  const flags = arch() === "x64" ? text?.match(/^flags\s*:(.*)$/m)?.[1] : undefined;
  return flags === undefined || /\bavx\b/.test(flags);
}

/**
 * Has TensorFlow compute by oneDNN, which it leaves off on x86 processors without AVX-512 VNNI, where it is two to five
 * times as fast as what it takes instead. Before the library is loaded; Node hands the variable on to C.
 */
function useOneDnn(): void {
  if (arch() === "x64") process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
}

function open(file: string, server: Uint8Array | undefined): Binding {
  try {
    return new Binding(file, server);
  } catch (cause) {
    throw new EngineError(
      `${file}: TensorFlow's library does not load: ${(cause as Error).message}. Type: npx vae setup tensorflow --force`,
      { cause },
    );
  }
}
