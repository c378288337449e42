import { Type } from "typebox";

const share = (description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.1, description });

/** Keys of data sets whose images are read where they lie. */
export const StreamParams = {
  center_crop: Type.Integer({
    minimum: 0,
    default: 0,
    description: "Side in pixels of the middle that is kept before resizing, 0 for all.",
  }),
  channels: Type.Unsafe<1 | 3>({
    type: "integer",
    enum: [1, 3],
    default: 3,
    description: "3: colour; 1: grey.",
  }),
  splits: Type.Object(
    { val: share("Share of the validation images."), test: share("Share of the test images.") },
    { additionalProperties: false, default: {}, description: "Shares drawn by a hash of each image's name." },
  ),
  shuffle_buffer: Type.Integer({
    minimum: 1,
    default: 10_000,
    description:
      "Places in the buffer that training images are drawn from: more mix better, fewer are read nearer to each other.",
  }),
  check: Type.Boolean({
    default: true,
    description:
      "Decode every image once, when they are first seen, so that unreadable ones are skipped; false: one of them ends the run.",
  }),
  max_bad_share: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: "Share of the images that may be unreadable and are skipped; more is an error.",
  }),
};
