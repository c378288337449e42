import { EngineError } from "../../../errors.ts";
import { bytesText } from "../../../text/numbers.ts";

/** PJRT_Error_Code, which are absl's. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type PjrtCode = (typeof CODES)[number];

/** What a plugin refused or failed in, with its code and its own text. */
export class PjrtError extends EngineError {
  readonly code: PjrtCode;

  constructor(
    code: number,
    /** The plugin's own text. */
    readonly text: string,
    /** The function of PJRT that failed. */
    readonly where: string,
  ) {
    const name = CODES[code] ?? "UNKNOWN";
    super(sentence(name, text, where));
    this.code = name;
  }
}

/** Characters of a plugin's text that are shown; some list every folder that they looked in. */
const LONGEST = 600;

function sentence(code: PjrtCode, text: string, where: string): string {
  const whole = text.trim().replace(/^[A-Z_]+: /, "");
  const said = whole.length > LONGEST ? `${whole.slice(0, LONGEST)} […]` : whole;
  if (code === "RESOURCE_EXHAUSTED") return outOfMemory(said);
  return `XLA: ${where} failed with ${code}: ${said}${/[.!?]$/.test(said) ? "" : "."} ${remedy(code)}`;
}

export const MEMORY_REMEDY = "Take a smaller train_batch_size, or trainer_params.precision: bfloat16.";

function outOfMemory(said: string): string {
  const asked = /allocat\w* (\d+(?:\.\d+)?[KMGT]?i?B?(?: bytes)?)/i.exec(said)?.[1];
  const used = /Used (\S+) of (\S+)/.exec(said);
  const wants = used
    ? `the program takes ${used[1]}, the device has ${used[2]}`
    : asked
      ? `no room for ${bytesOf(asked)} more`
      : said.split("\n")[0]!.replace(/\.$/, "");
  return `The device's memory does not suffice: ${wants}. ${MEMORY_REMEDY} XLA's own words: ${said}`;
}

/** "1073741824" as "1074 MB (1073741824 bytes)"; another text as it is. */
function bytesOf(text: string): string {
  const count = Number(/^(\d+)(?: bytes)?$/.exec(text)?.[1]);
  return Number.isNaN(count) ? text : `${bytesText(count)} (${count} bytes)`;
}

function remedy(code: PjrtCode): string {
  switch (code) {
    case "INVALID_ARGUMENT":
    case "UNIMPLEMENTED":
      return "Where the program is tfjs-vae's own, this is a fault of it, or of a plugin that was not tested: npx vae doctor says which are. --backend wasm runs meanwhile.";
    case "NOT_FOUND":
    case "UNAVAILABLE":
    case "FAILED_PRECONDITION":
      return "npx vae doctor says what the machine has and what is missing.";
    default:
      return "npx vae doctor says which plugin is used; --backend wasm runs without one.";
  }
}
