/**
 * PyTorch-VAE's own config files, as they are: each validated, and two training steps of it taken on each backend, compiled
 * where the backend compiles. Only the data and the size of a batch are others: 32 drawn images with 40 attributes, laid out as
 * CelebA is, and 4 a batch. Printed is a table, which `--write` puts into docs/pytorch-vae.md; the exit code is 1 where a
 * config isn't taken.
 *
 *   git clone https://github.com/AntixK/PyTorch-VAE && git -C PyTorch-VAE checkout a6896b9
 *   npx tsx scripts/pytorch_vae_configs.ts PyTorch-VAE/configs [--backends wasm,tensorflow,xla:cpu] [--only vae,hvae] [--write]
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import { loadConfig } from "../src/config/load.ts";
import { prepare } from "../src/experiment/training/prepare.ts";
import { learningRates } from "../src/experiment/training/schedules.ts";
import { createStepper } from "../src/experiment/training/stepper.ts";
import { phasesOf } from "../src/models/define.ts";
import { compileQuickly } from "../test/support/backends.ts";
import { celebaFiles } from "../test/support/celeba.ts";
import { markedSection } from "./variants_table/marked_section.ts";

const STEPS = 2;
const BATCH = 4;
const IMAGES = 32;

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backends: { type: "string", default: "wasm,tensorflow,xla:cpu" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("expected the folder of PyTorch-VAE's configs");
const backends = args.backends.split(",");
const wanted = args.only?.split(",");
const files = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .filter((file) => wanted?.includes(basename(file, ".yaml")) ?? true)
  .sort();

compileQuickly();
const work = mkdtempSync(join(tmpdir(), "tfjs-vae-configs-"));
const data = join(work, "data");
const attributes = Array.from({ length: 40 }, (_, i) => `Attribute_${i + 1}`);
for (const [name, content] of Object.entries(await celebaFiles(IMAGES, attributes))) {
  mkdirSync(dirname(join(data, name)), { recursive: true });
  writeFileSync(join(data, name), content);
}
const set = [
  `data_params.data_path=${data}`,
  `data_params.train_batch_size=${BATCH}`,
  `data_params.val_batch_size=${BATCH}`,
];

/** What a training step comes to after STEPS of them. @throws where one isn't finite */
async function train(file: string, backend: string): Promise<number> {
  const loaded = await loadConfig(join(folder!, file), { set });
  const { config, model } = loaded;
  const info = await useBackend(backend);
  const prepared = await prepare({ ...loaded, cacheDir: join(work, "cache") });
  let total = Number.NaN;
  try {
    const stepper = createStepper({
      config,
      prepared,
      backend: info,
      say: (text) => console.error(file, text),
    });
    let step = 0;
    for await (const batch of prepared.train.batches(0)) {
      const rates = learningRates(config.exp_params, phasesOf(model), { step, epoch: 0, totalSteps: STEPS });
      const metrics = await stepper.run(batch, step, rates);
      total = metrics.total;
      if (!Number.isFinite(total) || !(metrics.gradNorm > 0))
        throw new Error(`step ${step}: total ${total}, gradient norm ${metrics.gradNorm}`);
      if (++step === STEPS) break;
    }
    stepper.syncVariables();
    if (step < STEPS) throw new Error(`only ${step} batches`);
  } finally {
    await prepared.close();
  }
  return total;
}

/** What an error says, in a cell of a table: its first line, without the place. */
function saidBy(error: unknown): string {
  const line = String((error as Error).message).split("\n")[0]!;
  const text = line.slice(line.indexOf(": ") + 2).replaceAll("|", "\\|");
  return text.length > 100 ? `${text.slice(0, 40)} … ${text.slice(-60)}` : text;
}

const rows: string[] = [];
let failed = 0;
for (const file of files) {
  const cells: string[] = [];
  try {
    const { notes, model } = await loadConfig(join(folder, file)); // as it stands
    cells.push(model.name, String(notes.length));
    for (const backend of backends) cells.push((await train(file, backend)).toPrecision(4));
  } catch (error) {
    failed++;
    cells.push(`not taken: ${saidBy(error)}`);
  }
  rows.push(`| \`${file}\` | ${cells.join(" | ")} |`);
  console.log(rows.at(-1));
}
rmSync(work, { recursive: true, force: true });

const section = [
  `| config | variant | notes | ${backends.join(" | ")} |`,
  `|---|---|---|${"---|".repeat(backends.length)}`,
  ...rows,
].join("\n");
if (args.write) {
  const page = fileURLToPath(new URL("../docs/pytorch-vae.md", import.meta.url));
  writeFileSync(page, markedSection(readFileSync(page, "utf8"), "scripts/pytorch_vae_configs.ts", section));
}
console.log(`${files.length - failed} of ${files.length} validate and train`);
process.exitCode = failed > 0 ? 1 : 0;
