import { Type } from "typebox";
import { defineLogger } from "./define.ts";

export const tensorboard = defineLogger({
  name: "tensorboard",
  summary: "TensorBoard's event files in the run's folder, with pictures and histograms.",
  params: Type.Object({}),
  async open(_, { folder, settings, configText, compared, resumedAt }) {
    const { TensorBoardLogger } = await import("./tensorboard/logger.ts"); // checking a config need not load protobuf
    return new TensorBoardLogger(folder, settings, configText, lastKept(resumedAt), compared);
  },
});

/** Last step whose records a resumed run keeps: what there is of a validation still to come is written again. */
const lastKept = (at: { step: number; ended: number } | undefined): number | undefined =>
  at && (at.ended < at.step ? at.step - 1 : at.step);
