import { EngineError } from "../../errors.ts";
import { tf } from "../../tf.ts";
import type { StepCompiler } from "../compiler.ts";
import { BACKEND, XlaBackend, type XlaBackendOptions } from "./backend.ts";
import { type CompilerOptions, stepCompiler } from "./compile.ts";
import { Executables, type ExecutablesOptions } from "./executables.ts";
import { registerKernels } from "./kernels/register.ts";
import { openCudnn } from "./open_cudnn.ts";
import type { NamedValues, PjrtClient } from "./pjrt/index.ts";
import { openPlugin, PLATFORMS, type Plugin, pluginFor, type XlaPlatform } from "./plugins/index.ts";
import { Runtime } from "./runtime.ts";
import type { FloatPrecision } from "./stablehlo/emit.ts";

export interface XlaOptions extends XlaBackendOptions, CompilerOptions, ExecutablesOptions {
  /** Default: the first there is. */
  readonly platform?: XlaPlatform | undefined;
  /** A PJRT plugin's library. Default: the platform's. */
  readonly pluginFile?: string;
  /** Options of the plugin's client, by name, beside the platform's. */
  readonly clientOptions?: NamedValues;
  /** How float32 convolutions and products are computed. Default: as the device does it fastest, TF32 on NVIDIA's. */
  readonly floatPrecision?: FloatPrecision;
}

export interface Xla {
  readonly platform: XlaPlatform;
  readonly plugin: Plugin;
  readonly client: PjrtClient;
  readonly backend: XlaBackend;
  readonly compiler: StepCompiler;
}

/** What is registered. */
export let registered: Xla | undefined;

/**
 * Registers tfjs's backend "xla" over a plugin's devices; once a process.
 *
 * @throws EngineError where the plugin does not load or finds no device
 */
export function registerXla(options: XlaOptions = {}): Xla {
  if (registered !== undefined) return sameAs(registered, options);
  const plugin = pluginOf(options);
  const { platform } = plugin;
  const client = openPlugin(plugin, options.clientOptions);
  const executables = new Executables(client, {
    ...(platform === "cuda" && { prepare: openCudnn }),
    ...options,
  });
  const runtime = new Runtime(client, executables, options.floatPrecision ?? "DEFAULT");
  const backend = new XlaBackend(runtime, options);
  if (!tf.registerBackend(BACKEND, () => backend, 4))
    throw new EngineError('another package has registered a backend "xla" with tfjs. Remove it.');
  registerKernels();
  const { filtersFirst } = PLATFORMS[platform];
  const compiler = stepCompiler(backend, { filtersFirst, ...options });
  registered = { platform, plugin, client, backend, compiler };
  return registered;
}

function pluginOf({ pluginFile: file, platform }: XlaOptions): Plugin {
  if (file === undefined) return pluginFor(platform);
  return { file, platform: platform ?? "cpu", version: undefined, from: "pluginFile" };
}

/** @throws EngineError where another platform is asked for */
function sameAs(xla: Xla, { platform }: XlaOptions): Xla {
  if (platform === undefined || platform === xla.platform) return xla;
  throw new EngineError(`xla:${platform}: this process computes on xla:${xla.platform} already.`);
}
