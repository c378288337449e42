// The file of its own that a page loads where WebGPU is wanted. `tfjs-core` here is the page's own (scripts/webgpu_chunk.js).
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu/dist/webgpu.js";
import "@tensorflow/tfjs-backend-webgpu/dist/register_all_kernels.js";
import {
  getKernel,
  type KernelBackend,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs-core";

const BACKEND = "webgpu";

/** Tensors that a shader takes at once: of WebGPU's least 8 storage buffers a stage one is the output. */
const MOST_INPUTS = 7;

/** Limits of a device that tfjs's kernels look at, taken as high as the adapter has them. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/** tfjs's backend on a device of the adapter, whose kernels are registered; and that device. */
export async function makeBackend(
  adapter: GPUAdapter,
): Promise<{ backend: KernelBackend; device: GPUDevice }> {
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  addInGroups();
  return { backend: new WebGPUBackend(device, adapter.info), device };
}

/** tfjs's AddN binds all tensors at once; where they are too many the GPU drops the whole command buffer. */
function addInGroups(): void {
  const { kernelFunc, ...rest } = getKernel("AddN", BACKEND)!;
  const grouped: KernelConfig["kernelFunc"] = (args) => {
    const { disposeData } = args.backend as KernelBackend;
    const add = (tensors: TensorInfo[]) => kernelFunc({ ...args, inputs: tensors as never }) as TensorInfo;
    const all = args.inputs as unknown as TensorInfo[];
    let sum = add(all.slice(0, MOST_INPUTS));
    for (let from = MOST_INPUTS; from < all.length; from += MOST_INPUTS - 1) {
      const next = add([sum, ...all.slice(from, from + MOST_INPUTS - 1)]);
      disposeData.call(args.backend, sum.dataId);
      sum = next;
    }
    return sum;
  };
  unregisterKernel("AddN", BACKEND);
  registerKernel({ ...rest, kernelFunc: grouped });
}
