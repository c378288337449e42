/** A differentiable function's value at `x`; its gradient is written to `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

const HISTORY = 10;

/**
 * Where a smooth convex function is lowest, from `start`: limited-memory BFGS with backtracking (Nocedal and Wright,
 * "Numerical optimization", 2nd edition, algorithms 3.1 and 7.5). Ends where no part of the gradient is above
 * `tolerance` of the first one's largest, or no step goes lower.
 */
export function minimize(
  f: Objective,
  start: Float64Array,
  tolerance = 1e-6,
  iterations = 500,
): Float64Array {
  let x = start.slice();
  let g = new Float64Array(x.length);
  let value = f(x, g);
  const small = tolerance * g.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let k = 0; k < iterations && g.some((v) => Math.abs(v) > small); k++) {
    const direction = descent(g, steps);
    const slope = dot(direction, g);
    let rate = steps.length === 0 ? 1 / Math.sqrt(dot(g, g)) : 1;
    for (;;) {
      const next = x.map((v, i) => v + rate * direction[i]!);
      const gradient = new Float64Array(x.length);
      const lower = f(next, gradient);
      if (lower <= value + 1e-4 * rate * slope) {
        const s = next.map((v, i) => v - x[i]!);
        const y = gradient.map((v, i) => v - g[i]!);
        const curvature = dot(s, y);
        if (curvature > 0) steps.push({ s, y, rho: 1 / curvature });
        if (steps.length > HISTORY) steps.shift();
        [x, g, value] = [next, gradient, lower];
        break;
      }
      rate /= 2;
      if (rate < 1e-12) return x;
    }
  }
  return x;
}

/** -H g, H being the inverse Hessian that the last steps tell of. */
function descent(g: Float64Array, steps: { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = g.map((v) => -v);
  const alphas = [...steps].reverse().map(({ s, y, rho }) => {
    const alpha = rho * dot(s, q);
    add(q, -alpha, y);
    return alpha;
  });
  const last = steps.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const [i, { s, y, rho }] of steps.entries())
    add(q, alphas[steps.length - 1 - i]! - rho * dot(y, q), s);
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, factor: number, what: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * what[i]!;
}
