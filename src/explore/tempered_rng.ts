import { withRng } from "../models/ctx.ts";
import type { Ctx } from "../models/vae.ts";
import { DerivedRng, type Rng } from "../rng.ts";

/**
 * A stream whose normal draws are scaled by a temperature: a model that samples its Gaussian prior by it samples
 * N(0, temperature^2 I), whatever else it does. `used` tells whether a normal number was drawn at all.
 */
export class TemperedRng extends DerivedRng {
  private constructor(
    private readonly inner: Rng,
    private readonly temperature: number,
    private readonly draws: { normal: boolean },
  ) {
    super();
  }

  static of(rng: Rng, temperature: number): TemperedRng {
    return new TemperedRng(rng, temperature, { normal: false });
  }

  get used(): boolean {
    return this.draws.normal;
  }

  fold(part: string | number): TemperedRng {
    return new TemperedRng(this.inner.fold(part), this.temperature, this.draws);
  }

  normalArray(count: number, from?: number): Float32Array {
    this.draws.normal = true;
    return this.inner.normalArray(count, from).map((x) => x * this.temperature);
  }

  uniformArray(count: number, from?: number): Float32Array {
    return this.inner.uniformArray(count, from);
  }

  permutation(count: number): Int32Array {
    return this.inner.permutation(count);
  }
}

/** `ctx` without normal noise: Gaussian latents are at their means, those below another given its mean. */
export const still = (ctx: Ctx): Ctx => withRng(ctx, TemperedRng.of(ctx.rng, 0));
