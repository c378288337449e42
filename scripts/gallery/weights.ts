import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sealed, UNSEALED } from "../../src/experiment/runs/seal.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";

/**
 * Copies the run at `run` to `folder` with what exploring it needs: its config, and its best checkpoint (the last, where
 * none is) without the optimizer's state, a third of the bytes. Such a run can't be trained on.
 */
export function copyWeights(run: string, folder: string): void {
  const kept = ["best", "last"].map((name) => join("checkpoints", `${name}.safetensors`));
  const checkpoint = kept.find((file) => existsSync(join(run, file)));
  if (checkpoint === undefined) throw new Error(`${run}: expected a checkpoint, got none`);
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  for (const file of ["config.yaml", "environment.json", "metrics.csv"])
    writeFileSync(join(folder, file), readFileSync(join(run, file)));
  const { tensors, metadata } = readSafetensors(readFileSync(join(run, checkpoint)), checkpoint);
  const weights = [...tensors].filter(([name]) => !name.startsWith("optimizer."));
  writeFileSync(join(folder, checkpoint), sealed(writeSafetensors(weights, { ...metadata, ...UNSEALED })));
}
