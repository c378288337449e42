import type { Command } from "commander";
import { TIME_STEPS } from "../../experiment/timing/race.ts";

/** Hidden: times a config's steps on a backend, one at each message of the process that started it. */
export function addTimeSteps(program: Command): void {
  program
    .command(`${TIME_STEPS} <config> <backend>`, { hidden: true })
    .action(async (file: string, name: string) => {
      const { useBackend } = await import("../../backends/use_backend.ts");
      const { loadConfig } = await import("../../config/load.ts");
      const { timedSteps } = await import("../../experiment/timing/timed_steps.ts");
      process.on("disconnect", () => process.exit());
      try {
        const { config, baseDir } = await loadConfig(file);
        const step = await timedSteps({ config, baseDir, backend: await useBackend(name) });
        process.on("message", async () => {
          try {
            process.send?.({ seconds: await step() });
          } catch (error) {
            console.error((error as Error).message);
            process.exit(1);
          }
        });
        process.send?.({ seconds: 0 });
      } catch (error) {
        process.removeAllListeners("disconnect"); // which keeps the process
        throw error;
      }
    });
}
