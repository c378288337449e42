/** A differentiable function's value at `x`; its gradient is written to `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** A vector times a positive definite matrix near the inverse Hessian. */
export type Preconditioner = (v: Float64Array) => Float64Array;

export interface Minimum {
  readonly x: Float64Array;
  /** Whether it was reached, to rounding; false where the iterations came to an end before. */
  readonly converged: boolean;
}

const HISTORY = 20;
/** Of g' P g to the value, where P is the preconditioner: about the share by which the value is still too high. */
const ENOUGH = 1e-12;
/** That share, where rounding lets no step go lower. */
const AT_ROUNDING = 1e-8;

/**
 * Where a smooth convex function that is at least 0 is lowest, from `start`: limited-memory BFGS with backtracking
 * (Nocedal and Wright, "Numerical optimization", 2nd edition, algorithms 3.1 and 7.5), its first inverse Hessian
 * `precondition`. It ends where the gradient, measured by that matrix and so alike in every scale of x, is 0 beside the
 * value.
 */
export function minimize(
  f: Objective,
  start: Float64Array,
  precondition: Preconditioner,
  iterations = 2000,
): Minimum {
  let x = start.slice();
  let g = new Float64Array(x.length);
  let value = f(x, g);
  const steps: Step[] = [];
  for (let k = 0; k < iterations; k++) {
    const gap = dot(g, precondition(g));
    if (gap <= ENOUGH * value) return { x, converged: true };
    const direction = descent(g, steps, precondition);
    const slope = dot(direction, g);
    let rate = 1;
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
      if (rate < 1e-12) return { x, converged: gap <= AT_ROUNDING * value };
    }
  }
  return { x, converged: false };
}

interface Step {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** -H g, H being the inverse Hessian that the last steps tell of. */
function descent(g: Float64Array, steps: readonly Step[], precondition: Preconditioner): Float64Array {
  const q = g.map((v) => -v);
  const alphas = [...steps].reverse().map(({ s, y, rho }) => {
    const alpha = rho * dot(s, q);
    add(q, -alpha, y);
    return alpha;
  });
  const d = precondition(q);
  const last = steps.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, precondition(last.y)));
    for (let i = 0; i < d.length; i++) d[i]! *= scale;
  }
  for (const [i, { s, y, rho }] of steps.entries())
    add(d, alphas[steps.length - 1 - i]! - rho * dot(y, d), s);
  return d;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, factor: number, what: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * what[i]!;
}
