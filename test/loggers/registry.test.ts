import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { loggerDefinitions, loggerOf } from "../../src/loggers/registry.ts";
import { folder } from "../support/configs.ts";

const load = (loggers: string) => {
  const text = `model_params: {name: VanillaVAE}\ndata_params: {name: shapes3d}\nlogging_params:\n  loggers: ${loggers}\n`;
  return loadConfig(join(folder({ "config.yaml": text }), "config.yaml"));
};

it("a config names its loggers, with settings or without; by default the table and TensorBoard", async () => {
  expect((await loadConfig("configs/vanilla_vae.yaml")).config.logging_params.loggers).toEqual([
    "csv",
    "tensorboard",
  ]);
  const { config } = await load("[jsonl, {name: mlflow, experiment: faces, pictures: false}]");
  const chosen = config.logging_params.loggers.map(loggerOf);
  expect(chosen.map(({ definition, params }) => [definition.name, params])).toEqual([
    ["jsonl", {}],
    ["mlflow", { experiment: "faces", pictures: false }],
  ]);
  expect((await load("[]")).config.logging_params.loggers).toEqual([]);
  expect(new Set(loggerDefinitions().map(({ name }) => name)).size).toBe(loggerDefinitions().length);
});

const wrong: [loggers: string, message: RegExp][] = [
  [
    "[tensorbord]",
    /4:13 logging_params\.loggers\[0\]: expected one of csv, tensorboard, .*got "tensorbord"\. Did you mean "tensorboard"\?/,
  ],
  ["[{name: mlfow}]", /loggers\[0\]: expected one of csv.*got \{"name": "mlfow"\}\. Did you mean "mlflow"\?/],
  [
    "[{name: mlflow, tracking_url: x}]",
    /4:28 logging_params\.loggers\[0\]\.tracking_url: unknown key\. Did you mean "tracking_uri"\?/,
  ],
  [
    "[{name: mlflow, tracking_uri: here}]",
    /loggers\[0\]\.tracking_uri: expected the address of an MLflow server, http:\/\/ or https:\/\/, got "here"/,
  ],
  ["[{name: csv, pictures: true}]", /loggers\[0\]\.pictures: unknown key/],
  ["[csv, {name: csv}]", /loggers\[1\]: expected each logger once, got "csv" again\. Remove it\./],
];
it.each(wrong)("%s is refused", async (loggers, message) => {
  await expect(load(loggers)).rejects.toThrow(message);
});
