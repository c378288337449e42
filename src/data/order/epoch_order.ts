/** The order of a split's examples in an epoch, which begins anywhere at the same cost. */
export interface EpochOrder {
  /** The examples at the places `from` … `to` - 1, or to the end. */
  slice(from: number, to: number): Int32Array;
}
