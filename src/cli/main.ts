import { styleText } from "node:util";
import { Command, CommanderError } from "commander";
import { pluginFault } from "../config/plugin_faults.ts";
import { UserError } from "../errors.ts";
import { outOfAddresses } from "../out_of_addresses.ts";
import { hangUpIsIgnored } from "../process/nohup.ts";
import { wasTold } from "../process/signals.ts";
import { addAttribute } from "./attribute.ts";
import { addBench } from "./bench.ts";
import { addCompare } from "./compare.ts";
import { addCompletion } from "./completion.ts";
import { addDoctor } from "./doctor.ts";
import { addEncode } from "./encode.ts";
import { addEvaluate } from "./evaluate.ts";
import { examples } from "./examples.ts";
import { addExperiment } from "./experiment.ts";
import { addExport } from "./export.ts";
import { addImport } from "./import.ts";
import { addInterpolate } from "./interpolate.ts";
import { outliveReaders } from "./lost_output.ts";
import { addModels } from "./models.ts";
import { withHint } from "./near_misses.ts";
import { addNetworks } from "./networks.ts";
import { addReconstruct } from "./reconstruct.ts";
import { addRun } from "./run.ts";
import { addRuns } from "./runs.ts";
import { addSample } from "./sample.ts";
import { addSchema } from "./schema.ts";
import { addSetup } from "./setup.ts";
import { addTimeSteps } from "./time_steps.ts";
import { addTraverse } from "./traverse.ts";
import { addValidate } from "./validate.ts";

/** Exit code of a bug of ours, with its stack trace (sysexits.h's EX_SOFTWARE). */
const BUG = 70;

const program = new Command("vae")
  .description("Train variational autoencoders: a YAML file in, pictures and TensorBoard out.")
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
addValidate(program);
addRuns(program);
addCompare(program);
addSample(program);
addReconstruct(program);
addInterpolate(program);
addTraverse(program);
addAttribute(program);
addEncode(program);
addEvaluate(program);
addExperiment(program);
addImport(program);
addExport(program);
addModels(program);
addNetworks(program);
addSchema(program);
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
  const error = outOfAddresses(thrown) ?? thrown;
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
