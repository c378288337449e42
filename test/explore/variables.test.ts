import { expect, it } from "vitest";
import { toProbabilities } from "../../src/explore/variables.ts";

it("makes probabilities of each categorical variable's numbers, and leaves others alone", () => {
  const layout = {
    parts: [
      { name: "z", shape: [2], from: 0, size: 2 },
      { name: "c", shape: [2, 2], from: 2, size: 4, values: 2 },
    ],
    size: 6,
  };
  const vectors = Float32Array.of(-4, 0, 0, 0, 1.5, -0.5, 9, 1, 1.5, 0.5, -1, -2);
  toProbabilities(vectors, layout);
  expect([...vectors]).toEqual([-4, 0, 0.5, 0.5, 1, 0, 9, 1, 0.75, 0.25, 0.5, 0.5]);
});
