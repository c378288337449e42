import { Argument, type Command } from "commander";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { wordsOf } from "../completion/words.ts";
import { zshScript } from "../completion/zsh.ts";
import { examples } from "../examples.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** `vae completion SHELL`: the script that completes commands, options and their values, made of the program itself. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and values in a shell")
    .addArgument(new Argument("<shell>", "which").choices(Object.keys(SCRIPTS)))
    .addHelpText(
      "after",
      examples({
        "source <(vae completion bash)": "for this shell; in ~/.bashrc for all",
        "source <(vae completion zsh)": "in ~/.zshrc, after compinit",
        "vae completion fish > ~/.config/fish/completions/vae.fish": "",
      }),
    )
    .action(async (shell: keyof typeof SCRIPTS) => {
      const { modelNames } = await import("../../models/registry.ts"); // here: other commands needn't load it
      const [variant] = program.commands.find((c) => c.name() === "models")?.registeredArguments ?? [];
      if (variant !== undefined) variant.argChoices = modelNames();
      process.stdout.write(SCRIPTS[shell](program.name(), wordsOf(program)));
    });
}
