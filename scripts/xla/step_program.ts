import { type BackendInfo, useBackend } from "../../src/backends/use_backend.ts";
import { stepCompiler } from "../../src/backends/xla/compile.ts";
import { PLATFORMS, type XlaPlatform } from "../../src/backends/xla/plugins/index.ts";
import { registerXla } from "../../src/backends/xla/register.ts";
import type { Config } from "../../src/config/schema.ts";
import { timedSteps } from "../../src/experiment/timing/timed_steps.ts";

/** Takes the place of compiling a step for a CPU. */
class Traced extends Error {
  constructor(readonly text: string) {
    super("a step's program");
  }
}

/** The StableHLO of a config's training step on a batch of its size, for a platform. Nothing is compiled. */
export const stepProgram = (config: Config, baseDir: string, platform: XlaPlatform): Promise<string> =>
  firstProgram(platform, (backend) => timedSteps({ config, baseDir, backend }));

/** The StableHLO of the first step that `train` has compiled for a platform, which ends it. */
export async function firstProgram(
  platform: XlaPlatform,
  train: (backend: BackendInfo) => Promise<unknown>,
): Promise<string> {
  const xla = registerXla({ platform: "cpu" });
  const { filtersFirst } = PLATFORMS[platform];
  const compiler = stepCompiler(xla.backend, {
    filtersFirst,
    onStep: (text) => {
      throw new Traced(text);
    },
  });
  const backend = { ...(await useBackend("xla:cpu")), compiler };
  try {
    await train(backend);
  } catch (error) {
    if (error instanceof Traced) return error.text;
    throw error;
  }
  throw new Error("the step can't be compiled: vae bench says why");
}
