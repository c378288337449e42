import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const KERNEL_SOURCES = "src/backends/wasm/kernels/index.ts";

/** The binaries of the kernels by file in assets/, and what each asks of the engine beyond SIMD and threads. */
export const BINARIES = { "kernels.wasm": [], "kernels_relaxed.wasm": ["relaxed-simd"] } as const;

/** The binary of AssemblyScript sources (paths from the repository's root). @throws Error with the compiler's text */
export async function compileKernels(
  entry = KERNEL_SOURCES,
  features: readonly string[] = [],
): Promise<Buffer<ArrayBuffer>> {
  const written: Uint8Array[] = [];
  const { error, stderr } = await asc.main(
    [
      entry,
      ...["--baseDir", ROOT, "--outFile", "kernels.wasm", "-O3", "--noAssert", "--runtime", "stub"],
      ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...["simd", "threads", ...features].flatMap((feature) => ["--enable", feature]),
    ],
    {
      writeFile: (_name, contents) => {
        written.push(contents as Uint8Array);
      },
    },
  );
  if (error !== null || written[0] === undefined) throw new Error(`${entry}: ${stderr.toString()}`);
  return Buffer.from(written[0]) as Buffer<ArrayBuffer>;
}
