import type { Command } from "commander";
import { TIME_STEPS } from "../experiment/race.ts";

/** Hidden: times a config's steps on a backend, one at each message of the process that started it. */
export function addTimeSteps(program: Command): void {
  program
    .command(`${TIME_STEPS} <config> <backend>`, { hidden: true })
    .action(async (file: string, name: string) => {
      const { useBackend } = await import("../backends/index.ts");
      const { loadConfig } = await import("../config/load.ts");
      const { timedSteps } = await import("../experiment/timed_steps.ts");
      process.on("disconnect", () => process.exit());
      const { config, baseDir } = await loadConfig(file);
      const backend = await useBackend(name);
      const step = await timedSteps({ config, baseDir, backend });
      const fail = (error: Error) => {
        console.error(error.message);
        process.exit(1);
      };
      process.on("message", () => void step().then((seconds) => process.send?.({ seconds }), fail));
      process.send?.({ seconds: 0 });
    });
}
