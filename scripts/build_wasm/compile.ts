import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const KERNEL_SOURCES = "src/backends/wasm/kernels/index.ts";

/** The binary of AssemblyScript sources (paths from the repository's root). @throws Error with the compiler's text */
export async function compileKernels(entry = KERNEL_SOURCES): Promise<Buffer<ArrayBuffer>> {
  const written: Uint8Array[] = [];
  const { error, stderr } = await asc.main(
    [
      entry,
      ...["--baseDir", ROOT, "--outFile", "kernels.wasm", "-O3", "--noAssert", "--runtime", "stub"],
      ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...["--enable", "simd", "--enable", "threads"],
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
