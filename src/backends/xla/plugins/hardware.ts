import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { XlaPlatform } from "./platforms.ts";

/** Files by which a driver shows that it has a device. The second of NVIDIA's is a container's, the third WSL's. */
const NVIDIA = ["/dev/nvidia0", "/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1"];
const AMD = ["/dev/kfd"];
/** Google's number as a maker of PCI devices, and those of its TPUs from v3 to 7x; its network cards have others. */
const GOOGLE = "0x1ae0";
const TPUS = ["0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"];

/**
 * The platforms of the accelerators that this machine has, as far as its files tell; no library is asked.
 *
 * @param root where the system's files are
 */
export function acceleratorsHere(root = "/"): XlaPlatform[] {
  const has = (files: readonly string[]) => files.some((file) => existsSync(join(root, file)));
  const found: XlaPlatform[] = [];
  if (has(NVIDIA)) found.push("cuda");
  if (has(AMD)) found.push("rocm");
  if (hasTpu(join(root, "sys/bus/pci/devices"))) found.push("tpu");
  return found;
}

function hasTpu(devices: string): boolean {
  const number = (device: string, file: string) => readFileSync(join(devices, device, file), "utf8").trim();
  try {
    return readdirSync(devices).some(
      (device) => number(device, "vendor") === GOOGLE && TPUS.includes(number(device, "device")),
    );
  } catch {
    return false; // no PCI, or none that is shown
  }
}
