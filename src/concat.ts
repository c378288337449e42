/** Arrays one after the other. */
export function concat(arrays: readonly ArrayLike<number>[]): Float32Array {
  const joined = new Float32Array(arrays.reduce((sum, a) => sum + a.length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}
