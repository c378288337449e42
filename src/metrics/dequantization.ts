/** Distance of two levels of a value that is stored with 8 bits, in [0, 1]: 256 levels, k / 255. */
export const LEVEL = 1 / 255;

/** Variance of noise that is uniform over one level: E (x + u - y)^2 = (x - y)^2 + this, whatever y. */
export const DEQUANTIZATION = LEVEL ** 2 / 12;
