import { tf } from "../../../tf.ts";
import { BACKEND, type XlaBackend } from "../backend.ts";
import { LOWERINGS } from "./lowerings.ts";

/** Registers every kernel that has a lowering or that tfjs's cpu backend has. */
export function registerKernels(): void {
  const cpu = tf.getKernelsForBackend("cpu").map(({ kernelName }) => kernelName);
  for (const kernelName of new Set([...cpu, ...Object.keys(LOWERINGS)])) {
    if (kernelName === "Identity") continue;
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend }) =>
        (backend as XlaBackend).kernel(kernelName, LOWERINGS[kernelName], inputs, attrs ?? {}),
    });
  }
  tf.registerKernel({
    kernelName: "Identity",
    backendName: BACKEND,
    kernelFunc: ({ inputs, backend }) => {
      const { dataId, shape, dtype } = inputs.x!;
      (backend as XlaBackend).incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
}
