import { styleText } from "node:util";
import { Command, CommanderError } from "commander";
import { pluginFault } from "../config/plugin_faults.ts";
import { UserError } from "../errors.ts";
import { refused } from "../files/refused.ts";
import { hangUpIsIgnored } from "../process/nohup.ts";
import { outOfAddresses } from "../process/out_of_addresses.ts";
import { ownVersion } from "../process/own_version.ts";
import { wasTold } from "../process/signals.ts";
import { addAttribute } from "./commands/attribute.ts";
import { addBench } from "./commands/bench.ts";
import { addCompare } from "./commands/compare.ts";
import { addCompletion } from "./commands/completion.ts";
import { addData } from "./commands/data.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEncode } from "./commands/encode.ts";
import { addEvaluate } from "./commands/evaluate.ts";
import { addExperiment } from "./commands/experiment.ts";
import { addExport } from "./commands/export.ts";
import { addFitSampler } from "./commands/fit_sampler.ts";
import { addImport } from "./commands/import.ts";
import { addInit } from "./commands/init.ts";
import { addInterpolate } from "./commands/interpolate.ts";
import { addModels } from "./commands/models.ts";
import { addNetworks } from "./commands/networks.ts";
import { addPublish } from "./commands/publish.ts";
import { addPush } from "./commands/push.ts";
import { addReconstruct } from "./commands/reconstruct.ts";
import { addRun } from "./commands/run.ts";
import { addRuns } from "./commands/runs.ts";
import { addSample } from "./commands/sample.ts";
import { addSchema } from "./commands/schema.ts";
import { addSetup } from "./commands/setup.ts";
import { addTimeSteps } from "./commands/time_steps.ts";
import { addTraverse } from "./commands/traverse.ts";
import { addUi } from "./commands/ui.ts";
import { addValidate } from "./commands/validate.ts";
import { examples } from "./examples.ts";
import { outliveReaders } from "./lost_output.ts";
import { withHint } from "./near_misses.ts";

/** Exit code of a bug of ours, with its stack trace (sysexits.h's EX_SOFTWARE). */
const BUG = 70;

const program = new Command("vae")
  .description("Train variational autoencoders: a YAML file in, pictures and TensorBoard out.")
  .version(ownVersion(), "-V, --version", "print the version of tfjs-vae")
  .exitOverride()
  .addHelpText(
    "after",
    examples({
      "vae run --config configs/dfcvae.yaml": "train; needs nothing more",
      "vae run --resume logs/DFCVAE/version_0": "go on where a run was stopped",
      "vae doctor": "what computes here, and how to make it faster",
      "vae setup tensorflow": "optional: a library that may train faster",
    }),
  )
  .configureOutput({ outputError: (text, write) => write(withHint(text, process.argv.slice(2))) })
  .showHelpAfterError("(vae --help lists commands, vae COMMAND --help its options)");
addRun(program);
addInit(program);
addValidate(program);
addRuns(program);
addUi(program);
addCompare(program);
addSample(program);
addFitSampler(program);
addReconstruct(program);
addInterpolate(program);
addTraverse(program);
addAttribute(program);
addEncode(program);
addEvaluate(program);
addExperiment(program);
addImport(program);
addExport(program);
addPublish(program);
addPush(program);
addModels(program);
addNetworks(program);
addSchema(program);
addData(program);
addSetup(program);
addBench(program);
addDoctor(program);
addTimeSteps(program);
addCompletion(program);

outliveReaders();
if (hangUpIsIgnored()) process.on("SIGHUP", () => {}); // which Node has undone

try {
  await program.parseAsync();
} catch (thrown) {
  const error = outOfAddresses(thrown) ?? refused(thrown) ?? thrown;
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof UserError) {
    console.error(styleText("red", error.message, { stream: process.stderr }));
    process.exitCode = error.exitCode;
  } else if (pluginFault(error) !== undefined) {
    console.error(pluginFault(error));
    process.exitCode = 2;
  } else {
    console.error(error);
    console.error("This is a bug of tfjs-vae: please report it with the text above.");
    process.exitCode = BUG;
  }
}

// At once: while Node ends by itself it no longer takes signals, and the same one may come again.
if (wasTold()) process.exit();
