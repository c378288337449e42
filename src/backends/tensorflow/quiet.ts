import { closeSync, existsSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { loadForGood } from "../ffi.ts";

/** absl::SetMinLogLevel(absl::LogSeverityAtLeast), as the absl that TensorFlow 2.21 is built with names it. */
const SET_MIN_LOG_LEVEL = "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE";
const FATAL = 3;

/**
 * Silences TensorFlow's notes on the console: what fails comes as an error of the call that failed. In C it
 * reads no environment variable for that; TF_CPP_MIN_LOG_LEVEL, as in Python, is honoured here: 0 shows all.
 * Does nothing where the library's absl is another.
 */
export function quietTensorFlow(library: string): void {
  const level = Number(process.env.TF_CPP_MIN_LOG_LEVEL ?? FATAL);
  const file = join(dirname(library), "libtensorflow_framework.so.2");
  if (!(level > 0) || !existsSync(file)) return;
  try {
    const framework = withoutStderr(() => loadForGood(file)); // loading it already logs
    framework.func(SET_MIN_LOG_LEVEL, "void", ["int"])(level);
  } catch {
    // another release, whose notes are shown; a library that can't be loaded says so when it is needed
  }
}

/** What `use` gives; meanwhile what native code writes to stderr is lost. */
function withoutStderr<T>(use: () => T): T {
  const libc = koffi.load("libc.so.6");
  const duplicate = libc.func("dup", "int", ["int"]);
  const redirect = libc.func("dup2", "int", ["int", "int"]);
  const saved = duplicate(2) as number;
  const nothing = openSync("/dev/null", "w");
  redirect(nothing, 2);
  try {
    return use();
  } finally {
    redirect(saved, 2);
    closeSync(nothing);
    closeSync(saved);
  }
}
