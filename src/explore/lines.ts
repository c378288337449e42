/** `steps` numbers from `from` to `to`, both included, at equal distances. */
export function linspace(from: number, to: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, i) =>
    steps === 1 ? from : from + ((to - from) * i) / (steps - 1),
  );
}

/** (1 - t) a + t b, [D]. */
export function linear(a: Float32Array, b: Float32Array, t: number): Float32Array {
  return a.map((x, i) => (1 - t) * x + t * b[i]!);
}

/**
 * The point at share `t` of the way from `a` to `b` along a great circle, [D]: with angle w between them,
 * (sin((1 - t) w) a + sin(t w) b) / sin w (Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985),
 * so that in between the length stays near that of the ends, where the prior has its mass. Linear where the two
 * have nearly one direction or opposite ones.
 */
export function spherical(a: Float32Array, b: Float32Array, t: number): Float32Array {
  const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, x, i) => sum + x * q[i]!, 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  if (!(sine > 1e-4)) return linear(a, b, t); // also where one of them is 0
  const [p, q] = [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return a.map((x, i) => p * x + q * b[i]!);
}
