import { existsSync } from "node:fs";
import type { XlaPlatform } from "./platforms.ts";

/** Files by which the kernel shows that it drives such a device. */
const SIGNS: readonly (readonly [Exclude<XlaPlatform, "cpu">, readonly string[]])[] = [
  ["cuda", ["/dev/nvidia0", "/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1"]],
  ["rocm", ["/dev/kfd"]],
  ["tpu", ["/dev/accel0", "/dev/vfio/0"]],
];

/** The platforms of the accelerators that this machine has, by its device files. */
export function acceleratorsHere(there: (file: string) => boolean = existsSync): XlaPlatform[] {
  return SIGNS.filter(([, files]) => files.some(there)).map(([platform]) => platform);
}
