import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "../../errors.ts";
import { type BackendDefinition, variablesLike } from "../define.ts";
import { findLibrary, libraryFolder, readManifest } from "./library.ts";

/** TensorFlow's library, which `vae setup tensorflow` gets. */
export const tensorflow: BackendDefinition<"tensorflow"> = {
  name: "tensorflow",
  auto: {
    isThere: () => Boolean(process.env.TFJS_VAE_TENSORFLOW) || findLibrary() !== undefined,
    absent: "TensorFlow's library is not set up",
    handicap: 1.1,
    isFaster: (precision) => precision === "bfloat16" || hasGpu(), // what others have not
    speedDependsOn: () => ({
      versions: [findLibrary()?.file],
      environment: { TF_ENABLE_ONEDNN_OPTS: "1", ...variablesLike(/^(ONEDNN_|TF_|OMP_)/) }, // as it is set where it isn't
    }),
  },

  async register({ place }) {
    const { registerTensorFlow, tensorFlowRanks } = await load();
    if (place === undefined) return void registerTensorFlow();
    const { serverDef } = await import("./ranks/server_def.ts"); // protobufjs takes 40 ms, which one process needn't wait for
    registerTensorFlow({ place, server: serverDef(place) });
    await tensorFlowRanks()!.ready();
  },

  async describe() {
    const { registerTensorFlow, tensorFlowCompiler, tensorFlowRanks } = await load();
    const ranks = tensorFlowRanks();
    const { TF_Version: version, device } = registerTensorFlow();
    return {
      library: "TensorFlow",
      version,
      device,
      compiler: tensorFlowCompiler(),
      ...(ranks && { ranks }),
    };
  },
};

const load = () =>
  import("./register.ts").catch((cause: Error) => {
    throw new EngineError(
      `koffi, which calls TensorFlow's library, does not load: ${cause.message.split("\n")[0]}. Install the packages again, optional ones too; or use --backend wasm, which needs nothing.`,
      { cause },
    );
  });

/** Whether the library that is taken is the one with CUDA, and NVIDIA's driver is loaded. */
const hasGpu = (): boolean =>
  existsSync("/proc/driver/nvidia/version") &&
  dirname(findLibrary()?.file ?? "") === readManifest(libraryFolder(true))?.folder;
