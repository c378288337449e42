/** Stores the first `lanes` floats of v, four at most. */
@inline
export function putLanes(at: usize, v: v128, lanes: i32): void {
  if (lanes >= 4) {
    v128.store(at, v);
    return;
  }
  v128.store32_lane(at, v, 0);
  if (lanes > 1) v128.store32_lane(at + 4, v, 1);
  if (lanes > 2) v128.store32_lane(at + 8, v, 2);
}
