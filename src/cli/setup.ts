import type { Command } from "commander";
import { findLibrary } from "../backends/tensorflow/library.ts";

/** `vae setup tensorflow`: gets TensorFlow's library. */
export function addSetup(program: Command): void {
  const setup = program.command("setup").description("get what training needs and npm does not bring");
  setup
    .command("tensorflow")
    .description("get TensorFlow's library into the user's cache")
    .action(() => {
      const found = findLibrary();
      if (found !== undefined) console.log(`TensorFlow is set up: ${found.file}`);
    });
}
