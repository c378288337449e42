/** Whether the longer pass runs (TFJS_VAE_TEST_ALL=1): all variants where some stand for all, and what takes half a minute each. */
export const allTests = process.env.TFJS_VAE_TEST_ALL === "1";
