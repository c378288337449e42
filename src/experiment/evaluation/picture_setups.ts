import type { PictureMetric, PictureSetup } from "../../metrics/define.ts";
import type { EvaluationSubject } from "./context.ts";

/** What a metric of pictures is opened with: once for each network that judges, where its numbers are a network's. */
export function setupsOf(
  { judge }: PictureMetric,
  { run: { imageShape }, options }: EvaluationSubject,
): PictureSetup[] {
  const networks = judge === "network" ? options.networks : options.networks.slice(0, 1);
  return networks.map((network) => ({ imageShape, options: { ...options, network } }));
}
