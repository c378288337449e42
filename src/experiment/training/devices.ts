import type { RankGroup } from "../../backends/ranks.ts";
import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { ConfigError } from "../../errors.ts";
import { counted } from "../../text/counted.ts";

const KEY = "trainer_params.devices";

type Shared = Pick<Config, "trainer_params" | "data_params">;

/** The devices that a config's training steps are computed on together. @throws ConfigError where they can't be */
export function devicesOf(
  { trainer_params, data_params }: Shared,
  { name, devices: there = 1, ranks }: Pick<BackendInfo, "name" | "devices" | "ranks">,
): number {
  if (ranks !== undefined) checkShares({ trainer_params, data_params }, ranks.size);
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

/** @throws ConfigError where `ranks` processes can't share out a config's batches equally */
export function checkShares({ trainer_params, data_params }: Shared, ranks: number): void {
  if (trainer_params.devices !== 1 && trainer_params.devices !== "auto")
    throw new ConfigError(
      `${KEY}: expected 1 where several processes train together, each on its own device, got ${trainer_params.devices}.`,
    );
  checkRows(data_params.train_batch_size, ranks, "data_params.train_batch_size");
}

/** @throws ConfigError where `ranks` processes can't share out so many images equally */
export function checkRows(images: number, ranks: number, key: string): void {
  if (images % ranks === 0) return;
  const nearest = Math.max(1, Math.round(images / ranks)) * ranks;
  throw new ConfigError(
    `${key}: expected a multiple of ${ranks}, since each of ${ranks} processes takes an equal part of a batch, got ${images}. Take ${nearest}.`,
  );
}

/** That several processes train. */
export const ranksNote = ({ size }: Pick<RankGroup, "size">, { data_params }: Shared): string =>
  `note   ${size} processes train together, each on ${data_params.train_batch_size / size} images of a batch of ${data_params.train_batch_size}`;

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
