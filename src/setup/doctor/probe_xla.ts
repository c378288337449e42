import { openPlugin, pluginFor, xlaPlatforms } from "../../backends/xla/plugins/index.ts";
import { UserError } from "../../errors.ts";
import { printOutcome } from "./probe.ts";

/** What a plugin said of itself and its devices. */
export interface XlaProbed {
  readonly version: string;
  readonly devices: readonly string[];
  /** Bytes that may be taken of the first device's memory, where its allocator says. */
  readonly memory: number | undefined;
  /** From the start to the first result. */
  readonly milliseconds: number;
}

const PROGRAM = `module @probe {
  func.func public @main(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>) -> tensor<2x2xf32> {
    %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    return %0 : tensor<2x2xf32>
  } }`;

/** Opens a platform's plugin, multiplies two matrices and prints the outcome as a line. */
export async function probeXla(platform: string): Promise<void> {
  const began = performance.now();
  const outcome = await compute(platform, began).catch((error: Error) => ({
    problem: error.message,
    told: error instanceof UserError,
  }));
  printOutcome(outcome);
}

async function compute(name: string, began: number): Promise<XlaProbed> {
  const client = openPlugin(pluginFor(xlaPlatforms.find((p) => p === name)));
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)].map((values) =>
    client.upload(values, [2, 2], "f32"),
  );
  const executable = await client.compile(PROGRAM);
  const [[product]] = (await executable.runAsync([[a!, b!]])) as [[typeof a & {}]];
  const got = [...(await product.read())].join(" ");
  if (got !== "19 22 43 50") throw new Error(`[1 2; 3 4] [5 6; 7 8]: expected 19 22 43 50, got ${got}`);
  return {
    version: `${client.version.split("\n")[0]}, PJRT ${client.apiVersion}`,
    devices: client.devices.map(({ kind }) => kind),
    memory: client.devices[0]?.memoryStats()?.limit,
    milliseconds: Math.round(performance.now() - began),
  };
}
