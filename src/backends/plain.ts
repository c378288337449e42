import { type KernelConfig, tf } from "../tf.ts";

/** Backends of tfjs itself, which have the project's own kernels as tfjs's ops. */
const PLAIN = ["cpu", "webgpu"];

/** Registers a kernel that is made of tfjs's ops, on the backend in use. */
export function registerPlain(kernel: Omit<KernelConfig, "backendName">): void {
  for (const backendName of PLAIN) tf.registerKernel({ ...kernel, backendName });
}
