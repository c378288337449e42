/**
 * `count` numbers in [0, 1) that any program can make: a hash of the place k and the stream t
 * (the same in test/parity/figures.py and codes.py).
 */
export function formula(count: number, t: number): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => {
    let h = (Math.imul(k, 2654435761) + Math.imul(t, 40503) + 12345 + 7919) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519) >>> 0;
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
  });
}
