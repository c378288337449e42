import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { ConfigError } from "../../errors.ts";
import { counted } from "../../text/counted.ts";

const KEY = "trainer_params.devices";

/** The devices that a config's training steps are computed on together. @throws ConfigError where they can't be */
export function devicesOf(
  { trainer_params, data_params }: Pick<Config, "trainer_params" | "data_params">,
  { name, devices: there = 1 }: Pick<BackendInfo, "name" | "devices">,
): number {
  const count = trainer_params.devices === "auto" ? there : trainer_params.devices;
  if (count > there) {
    throw new ConfigError(
      `${KEY}: expected at most ${there}, since the backend ${name} has ${counted(there, "device")} here, got ${count}.` +
        " Several accelerators train by --backend xla; auto takes all that are there.",
    );
  }
  const batch = data_params.train_batch_size;
  if (count > 1 && batch % count !== 0) {
    throw new ConfigError(
      `${KEY}: expected a divisor of data_params.train_batch_size, ${batch}, since each device takes an equal part of a batch, got ${count}.` +
        ` Take a batch of ${Math.ceil(batch / count) * count}, or fewer devices.`,
    );
  }
  if (count > 1 && !trainer_params.compile) {
    throw new ConfigError(
      `${KEY}: expected 1 with trainer_params.compile: false, got ${count}. Only compiled steps run on several.`,
    );
  }
  return count;
}

/** That several train, or could. */
export function devicesNote(
  count: number,
  { config, backend }: { readonly config: Config; readonly backend: BackendInfo },
): string {
  const { devices: there = 1 } = backend;
  if (count === 1) return `note   ${there} devices are here, of which one trains; ${KEY}: auto takes all`;
  const batch = config.data_params.train_batch_size;
  return `note   ${count} of ${there} devices train together, each on ${batch / count} images of a batch of ${batch}`;
}
