import { ConfigError, ShapeError } from "../../errors.ts";
import type { Given } from "../define.ts";

/** Height and width of the latents: those of the images, halved `times` times. @throws ShapeError where they don't divide */
export function halvedSides(
  [height, width]: NonNullable<Given["imageShape"]>,
  times: number,
): [height: number, width: number] {
  const by = 2 ** times;
  if (height % by === 0 && width % by === 0) return [height / by, width / by];
  throw new ShapeError(
    `data_params.patch_size: expected a side that ${by} divides, for the model halves it ${times} times, got images of ` +
      `${height}x${width}. Try ${Math.max(by, Math.round(height / by) * by)}.`,
  );
}

/** @throws ConfigError where a number of groups does not divide the channels of a layer */
export function checkGroups(groups: number, widths: readonly number[], key: string): void {
  const wrong = widths.find((width) => width % groups !== 0);
  if (wrong === undefined) return;
  throw new ConfigError(
    `model_params.${key}: expected a number that divides all of ${widths.join(", ")}, the channels, got ${groups}.`,
  );
}
