import os from "node:os";
import { cpuinfo } from "../../process/cpuinfo.ts";
import { platformOf } from "../platform.ts";
import { type Check, missing, note, ok } from "./check.ts";

/** package.json's engines, for people. */
const NODES = "20.19 or later, or 22.12 or later";
/** What a small run needs beside the system, in GiB. */
const LITTLE_MEMORY = 4;
const FEATURES = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"];

/** Node, system, cores, memory and what of the processor makes training fast. */
export function machineChecks(): Check[] {
  return [nodeCheck(process.versions.node), systemCheck(), coresCheck(), ...processorChecks(cpuinfo())];
}

/** The version of Node against what the project supports. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const supported = major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22;
  if (supported) return ok("Node", version);
  return missing("Node", `${version}; expected ${NODES}`, "get a newer one: https://nodejs.org");
}

function systemCheck(): Check {
  const text = `${os.type()} ${os.release()}, ${process.arch}${glibc()}`;
  try {
    platformOf();
    return ok("system", text);
  } catch (error) {
    return note("system", `${text}; TensorFlow has no library for it, wasm trains`, (error as Error).message);
  }
}

function glibc(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return version === undefined ? "" : `, glibc ${version}`;
}

function coresCheck(): Check {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  // What a container may use, where it is less than the machine has; 0 or a huge number where it is not limited.
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const total = Math.min(limit, os.totalmem());
  const text = `${os.availableParallelism()} cores (${os.cpus()[0]?.model.trim() ?? "unknown"}), ${gib(total)} GiB of memory, ${gib(os.freemem())} GiB free`;
  if (total >= LITTLE_MEMORY * 2 ** 30) return ok("cores", text);
  return note("cores", text, "use small images and batches (--set data_params.train_batch_size=16)");
}

/** From the text of Linux's /proc/cpuinfo; nothing elsewhere and on ARM. */
export function processorChecks(text: string | undefined): Check[] {
  const flags = text
    ?.match(/^flags\s*:(.*)$/m)?.[1]
    ?.trim()
    .split(/\s+/);
  if (flags === undefined) return [];
  if (!flags.includes("avx")) {
    const text = "no AVX, which TensorFlow's library is compiled for; wasm trains";
    return [note("processor", text, "use another computer to train faster")];
  }
  const has = FEATURES.filter((f) => flags.includes(f));
  if (!has.includes("avx2"))
    return [note("processor", "AVX but no AVX2", "training works, several times slower than on newer ones")];
  const half = has.some((f) => f.endsWith("bf16")) ? "bfloat16 is fast here" : "no fast bfloat16";
  return [ok("processor", `${has.join(" ")}; ${half}`)];
}
