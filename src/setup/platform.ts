import { LIBRARY_FILES } from "../backends/tensorflow/library.ts";
import { EngineError } from "../errors.ts";

/** What of the Python package index has TensorFlow's library for a computer. */
export interface Platform {
  /** "linux x64", for people. */
  readonly name: string;
  /** The package whose wheel has the library; `tensorflow-cpu` exists for Linux x64 alone. */
  readonly package: string;
  /** The library's files, in the wheel's folder `tensorflow/`. */
  readonly files: readonly string[];
  /** How wheels of this platform are tagged: `cp312-cp312-manylinux_2_27_x86_64`. */
  readonly tag: RegExp;
}

/** macOS's names; no one has run the library there yet. */
const DYLIBS = LIBRARY_FILES.map((name) => name.replace(/\.so\.2$/, ".2.dylib"));

const PLATFORMS: readonly Platform[] = [
  { name: "linux x64", package: "tensorflow-cpu", files: LIBRARY_FILES, tag: /linux.*_x86_64$/ },
  { name: "linux arm64", package: "tensorflow", files: LIBRARY_FILES, tag: /linux.*_aarch64$/ },
  { name: "darwin arm64", package: "tensorflow", files: DYLIBS, tag: /macosx.*_arm64$/ },
];

/** @throws EngineError where TensorFlow publishes no library that could be used */
export function platformOf(system: string = process.platform, arch: string = process.arch): Platform {
  const found = PLATFORMS.find((p) => p.name === `${system} ${arch}`);
  if (found !== undefined) return found;
  if (system === "win32") {
    throw new EngineError(
      "TensorFlow's library for Windows lacks the C functions that the backend calls. Use Linux inside Windows: type wsl --install, then set tfjs-vae up in there.",
    );
  }
  throw new EngineError(
    `TensorFlow 2.21 is published for ${PLATFORMS.map((p) => p.name).join(", ")}; this is ${system} ${arch}. Use --backend wasm.`,
  );
}
