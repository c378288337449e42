import { EngineError } from "../../errors.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { type BackendDefinition, variablesLike } from "../define.ts";
import { acceleratorPlugin } from "./plugins/find.ts";
import { type XlaPlatform, xlaPlatforms } from "./plugins/platforms.ts";

/** XLA, by the PJRT plugin of a maker of accelerators, or that of a CPU. */
export const xla: BackendDefinition<"xla"> = {
  name: "xla",
  devices: xlaPlatforms,
  remark: "needs a plugin: vae setup xla",
  auto: {
    isThere: () => acceleratorPlugin() !== undefined,
    absent: "no accelerator with its plugin is here",
    handicap: 1,
    isFaster: () => true, // where there is an accelerator
    speedDependsOn: () => ({
      versions: [acceleratorPlugin()?.file, acceleratorPlugin()?.version],
      environment: variablesLike(/^(XLA_|CUDA_|TFJS_VAE_XLA_)/),
    }),
  },

  async register({ device, say }) {
    const { registerXla } = await load();
    const platform = (device as XlaPlatform | undefined) ?? acceleratorPlugin()?.platform;
    registerXla({ platform, folder: cacheDir("xla", "executables"), say });
  },

  async describe() {
    const { registerXla } = await load();
    const { client, compiler } = registerXla();
    const [first, ...others] = client.devices;
    const device = `${first?.kind}${others.length > 0 ? `, one of ${client.devices.length}` : ""}`;
    return {
      library: "XLA",
      version: client.version.split("\n")[0]!,
      device,
      compiler,
      stepsInFlight: 2,
      devicePeak: () => first?.memoryStats()?.peak,
    };
  },
};

const load = () =>
  import("./register.ts").catch((cause: Error) => {
    throw new EngineError(
      `koffi, which calls XLA's plugins, does not load: ${cause.message.split("\n")[0]}. Install the packages again, optional ones too; or use --backend wasm, which needs nothing.`,
      { cause },
    );
  });
