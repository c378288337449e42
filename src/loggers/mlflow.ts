import { Type } from "typebox";
import { defineLogger, type LoggerArgs } from "./define.ts";
import type { MlflowSettings } from "./mlflow/settings.ts";

const Params = Type.Object({
  tracking_uri: Type.Optional(
    Type.String({
      pattern: "^https?://",
      patternErrorMessage: "expected the address of an MLflow server, http:// or https://",
      description:
        "Address of the tracking server; default: MLFLOW_TRACKING_URI, else http://127.0.0.1:5000.",
    }),
  ),
  experiment: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Experiment, made where it is missing; default: MLFLOW_EXPERIMENT_NAME, else logging_params.name.",
    }),
  ),
  run_name: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Name of the run there; default: that of its folder, version_N; with another experiment NAME/version_N.",
    }),
  ),
  pictures: Type.Optional(
    Type.Boolean({ default: true, description: "Whether pictures are sent too, as artifacts." }),
  ),
});

export const mlflow = defineLogger({
  name: "mlflow",
  summary:
    "An MLflow tracking server, by its REST API: settings as parameters, metrics, pictures and the config as artifacts.",
  params: Params,
  open: (params, args) => open(params, args),
  ofMember: (params, { series, member }) => ({
    experiment: process.env.MLFLOW_EXPERIMENT_NAME || series,
    run_name: member,
    ...params,
  }),
  async deliver(params, args) {
    const logger = await open(params, args);
    await logger.close();
  },
});

async function open(params: MlflowSettings, args: LoggerArgs) {
  const { MlflowLogger } = await import("./mlflow/logger.ts"); // checking a config need not load an HTTP client
  return MlflowLogger.open(params, args);
}
