import { useBackend } from "../../src/backends/use_backend.ts";
import { registerXla } from "../../src/backends/xla/register.ts";
import type { Config } from "../../src/config/schema.ts";
import { timedSteps } from "../../src/experiment/timing/timed_steps.ts";

class Traced extends Error {}

let text: string | undefined;

/** The StableHLO of a config's training step on a batch of its size. Nothing is compiled. */
export async function stepProgram(config: Config, baseDir: string): Promise<string> {
  registerXla({
    platform: "cpu",
    onStep: (traced) => {
      text = traced;
      throw new Traced();
    },
  });
  const backend = await useBackend("xla:cpu");
  text = undefined;
  try {
    await timedSteps({ config, baseDir, backend });
  } catch (error) {
    if (!(error instanceof Traced)) throw error;
  }
  if (text === undefined) throw new Error("the step can't be compiled: vae bench says why");
  return text;
}
