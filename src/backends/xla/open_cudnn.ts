import type { PjrtClient, PjrtDevice } from "./pjrt/index.ts";

const X = [2, 8, 8, 16];
const W = [16, 3, 3, 16];
const [x, w] = [X, W].map((shape) => `tensor<${shape.join("x")}xf32>`);
const PROGRAM = `module @open_cudnn { func.func public @main(%x: ${x}, %w: ${w}) -> ${x} {
  %y = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[o, 0, 1, i]->[b, 0, 1, f], window = {pad = [[1, 1], [1, 1]]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (${x}, ${w}) -> ${x}
  return %y : ${x} } }`;

/**
 * Has devices compile and run a small convolution outside any CUDA graph. cuDNN can't be opened while a graph is
 * recorded, and where a program comes from disk, or was tried on another device, it would be opened then: "No DNN support for
 * stream".
 */
export function openCudnn(client: PjrtClient, devices: readonly PjrtDevice[]): void {
  const zeros = (shape: readonly number[]) => new Float32Array(shape.reduce((a, b) => a * b));
  for (const device of devices) {
    const executable = client.compileSync(PROGRAM, {
      devices: [device.id],
      flags: { xla_gpu_enable_command_buffer: "" },
    });
    const given = [X, W].map((shape) => client.upload(zeros(shape), shape, "f32", device));
    const results = executable.run([given]).flat();
    for (const buffer of results) buffer.readSync();
    for (const buffer of [...given, ...results]) buffer.destroy();
    executable.destroy();
  }
}
