import { Type } from "typebox";
import { DEFAULT_LOGGERS, type LoggerEntry, loggerDefinitions } from "./registry.ts";

const definitions = loggerDefinitions();

/** `logging_params.loggers`: a list of loggers, each by its name, or by its name and settings. */
export const Loggers = Type.Unsafe<readonly LoggerEntry[]>({
  type: "array",
  items: {
    anyOf: [
      { type: "string", enum: definitions.map(({ name }) => name) },
      ...definitions.map(({ name, summary, params }) => ({
        type: "object",
        description: summary,
        properties: { name: { const: name }, ...params.properties },
        required: ["name"],
        additionalProperties: false,
      })),
    ],
  },
  default: DEFAULT_LOGGERS,
  description: `Where metrics go, each a name or {name, settings}. ${definitions.map(({ name, summary }) => `${name}: ${summary}`).join(" ")}`,
});
