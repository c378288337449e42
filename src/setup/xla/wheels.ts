import type { XlaPlatform } from "../../backends/xla/plugins/index.ts";

/** A wheel of the package index, of one version and no other. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  /** Of the wheel for Linux x64. */
  readonly sha256: string;
  /** To download. */
  readonly bytes: number;
  /** Members that are needed at run time, beside the wheel's own description and licences. */
  readonly take: RegExp;
}

/** Several GPUs add their gradients by it. */
const NCCL: Wheel = {
  name: "nvidia-nccl-cu13",
  version: "2.32.3",
  sha256: "1459723080ac889d73a26edfa3e04383a7928ab31ac8f0ec43b3ea9548b04ff3",
  bytes: 305_100_071,
  take: /\/lib\/.*\.so/,
};

/** A plugin first, then its maker's libraries; NVIDIA's are the ones that `pip install jax[cuda13]` gives with the plugin. */
const WHEELS: Readonly<Record<XlaPlatform, readonly Wheel[]>> = {
  cuda: [
    {
      name: "jax-cuda13-pjrt",
      version: "0.12.0.1",
      sha256: "5899bb6177eda86ea532afb9a26794f2bdd04966f6a01f9028266b16c2b6cf90",
      bytes: 134_922_808,
      take: /\/xla_cuda_plugin\.so$/,
    },
    {
      name: "nvidia-cudnn-cu13", // convolutions
      version: "9.28.1.4",
      sha256: "a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec",
      bytes: 516_817_937,
      take: /\/lib\/.*\.so/,
    },
    {
      name: "nvidia-cublas", // matrix products
      version: "13.10.0.20",
      sha256: "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84",
      bytes: 444_289_903,
      take: /\/lib\/libcublas(Lt)?\.so/,
    },
    {
      name: "nvidia-cuda-nvcc", // the assembler of XLA's own kernels
      version: "13.5.37",
      sha256: "f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7",
      bytes: 47_028_279,
      take: /\/bin\/(ptxas|nvlink)$/,
    },
    {
      name: "nvidia-nvvm", // mathematical functions of those kernels
      version: "13.5.37",
      sha256: "c41bfa362e407405163f103c2229f0765f8cc2ed7d148b754dc77f228bf7e070",
      bytes: 75_141_406,
      take: /\/libdevice\//,
    },
    {
      name: "nvidia-cuda-nvrtc", // kernels that cuDNN makes as it runs
      version: "13.5.37",
      sha256: "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc",
      bytes: 58_185_930,
      take: /\/lib\/.*\.so/,
    },
    {
      name: "nvidia-cuda-runtime",
      version: "13.5.37",
      sha256: "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d",
      bytes: 2_504_024,
      take: /\/lib\/.*\.so/,
    },
  ],
  rocm: [
    {
      name: "jax-rocm7-pjrt",
      version: "0.12.0",
      sha256: "4551d0714523355f2946ca1958c3f584e95661e467a641d36b726f718a1c7934",
      bytes: 133_415_872,
      take: /\/xla_rocm_plugin\.so$/,
    },
  ],
  tpu: [
    {
      name: "libtpu",
      version: "0.0.52",
      sha256: "f76ab1f4d697c346371c50058796f6baa93317b89be8cf8a1012715a2655120d",
      bytes: 137_064_515,
      take: /^libtpu\/libtpu\.so$/,
    },
  ],
  cpu: [
    {
      name: "lammps-jax-pjrt-cpu",
      version: "0.11.2",
      sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
      bytes: 62_711_338,
      take: /\/pjrt_c_api_cpu_plugin\.so$/,
    },
  ],
};

/** The wheels of a platform; for several of NVIDIA's GPUs one more. */
export const wheelsFor = (platform: XlaPlatform, gpus = 1): readonly Wheel[] =>
  platform === "cuda" && gpus > 1 ? [...WHEELS.cuda, NCCL] : WHEELS[platform];
