/** Whether the longer pass runs (TFJS_VAE_TEST_ALL=1, or =engines of those files alone that it matters to): all variants where some stand for all, and what takes half a minute each. */
export const allTests = ["1", "engines"].includes(process.env.TFJS_VAE_TEST_ALL ?? "");

/** All of `list` in the longer pass, else its first `count`, which stand for the others. */
export const some = <T>(list: readonly T[], count: number): readonly T[] =>
  allTests ? list : list.slice(0, count);
