import { EngineError } from "../../errors.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { type BackendDefinition, variablesLike } from "../define.ts";
import { acceleratorPlugin, isTested, testedText } from "./plugins/find.ts";
import { acceleratorsHere } from "./plugins/hardware.ts";
import { PLATFORMS, type XlaPlatform, xlaPlatforms } from "./plugins/platforms.ts";

/** Accelerators, by XLA through a PJRT plugin, which `vae setup xla` gets. */
export const xla: BackendDefinition<"xla"> = {
  name: "xla",
  devices: xlaPlatforms,
  auto: {
    isThere: hasAccelerator,
    absent: "xla has no accelerator here",
    advice: () =>
      acceleratorsHere().map(
        (platform) =>
          `${PLATFORMS[platform].devices} are here; npx vae setup xla --${platform} lets them train`,
      ),
    handicap: 1,
    isFaster: () => true, // an accelerator than a processor
    speedDependsOn: () => ({ environment: variablesLike(/^(XLA_|TFJS_VAE_XLA)/) }),
  },

  async register({ device, say }) {
    const { registerXla } = await load();
    const folder = cacheDir("xla", "executables");
    const { plugin } = registerXla({ platform: device as XlaPlatform | undefined, folder, say });
    if (isTested(plugin) === false)
      say(
        `note   xla: ${plugin.file}: version ${plugin.version} was not tested; ${testedText(plugin.platform)}`,
      );
  },

  async describe() {
    const { registerXla } = await load();
    const { client, compiler, plugin } = registerXla();
    const [first] = client.devices;
    const count = client.devices.length > 1 ? `${client.devices.length} of ` : "";
    return {
      library: "XLA",
      version: plugin.version ?? `by PJRT ${client.apiVersion}`,
      device: `${count}${first?.kind} (${client.platform})`,
      compiler,
      devices: client.devices.length,
      stepsInFlight: 2, // one that runs, one that waits
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

/** Whether xla would compute on an accelerator; a variable that is wrong is told where it is used. */
function hasAccelerator(): boolean {
  try {
    return acceleratorPlugin() !== undefined;
  } catch {
    return true;
  }
}
