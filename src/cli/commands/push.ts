import type { Command } from "commander";
import { examples } from "../examples.ts";
import { addRunOptions, type RunOptions, withRun } from "../with_run.ts";

interface Options extends RunOptions {
  readonly license?: string;
  readonly private: boolean;
}

/** `vae push RUN OWNER/NAME`: a run on the Hugging Face hub. */
export function addPush(program: Command): void {
  const command = program
    .command("push")
    .description("put a run on the Hugging Face hub: weights, config, metrics, pictures and a model card")
    .argument("<run>", "folder of a run, or one of its checkpoints")
    .argument("<repository>", "OWNER/NAME there; made where it isn't there")
    .option(
      "--license <name>",
      "as the hub names it (mit, cc0-1.0), for the model card; default: none is stated",
    )
    .option("--private", "for nobody else to see; refused where the repository is there and public", false);
  addRunOptions(command)
    .addHelpText(
      "after",
      examples({
        "vae push logs/DFCVAE/version_0 me/scenes --license cc0-1.0": "needs HF_TOKEN, or hf auth login",
        "vae sample hf:me/scenes": "then, anywhere",
      }),
    )
    .action((path: string, repository: string, options: Options) => run(path, repository, options));
}

async function run(path: string, repository: string, { license, private: isPrivate, ...options }: Options) {
  const { hubName } = await import("../../hub/repo.ts");
  const repo = hubName(repository); // a mistake is told before anything is opened
  return withRun(path, options, async (opened) => {
    const { hubFiles } = await import("../../publish/hub_files.ts");
    const { OF_A_RUN } = await import("../../experiment/trained/hub_run.ts");
    const { pushToHub } = await import("../../hub/push.ts");
    const files = hubFiles(opened, { repo, license });
    const title = `${opened.model.name} at step ${opened.state.step}`;
    const isOld = (file: string) => OF_A_RUN.test(file); // of another checkpoint or run, which would be taken for this one's
    const { url } = await pushToHub({ repo, files, title, isPrivate, isOld });
    console.log(`pushed ${Object.keys(files).length} files to ${url}`);
    console.log(`to use it: vae sample hf:${repo}`);
  });
}
