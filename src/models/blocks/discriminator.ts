import { linear } from "../../nn/linear.ts";
import { type Layer, leakyRelu, type Scope, sequential } from "../../nn/params.ts";

/** LeakyReLU's slope of arXiv 1802.05983, appendix A. */
const SLOPE = 0.2;

/**
 * A multi-layer perceptron [B, inputs] -> two logits [B, 2]: `layers` hidden layers of `width`, LeakyReLU 0.2 after each
 * (arXiv 1802.05983, appendix A), initial weights by He et al. for signals to pass six of them.
 */
export function discriminator(
  scope: Scope,
  inputs: number,
  { layers, width }: { readonly layers: number; readonly width: number },
): Layer {
  const at = scope.with("he");
  const hidden = Array.from({ length: layers }, (_, i) =>
    sequential(linear(at.at(`${2 * i}`), i === 0 ? inputs : width, width), leakyRelu(SLOPE)),
  );
  return sequential(...hidden, linear(at.at(`${2 * layers}`), layers === 0 ? inputs : width, 2));
}
