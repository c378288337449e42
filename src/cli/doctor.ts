import type { Command } from "commander";
import { useBackend } from "../backends/index.ts";

/** `vae doctor`: says what is there, what is missing and what to type. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say what is there, what is missing and what to type")
    .action(async () => {
      const { name, version, device } = await useBackend("tensorflow");
      console.log(`ok  ${name} ${version} on ${device}`);
    });
}
