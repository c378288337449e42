let thread: usize = 0;
let wide = false;

/**
 * Which thread this instance of the module belongs to, 0 being the main one; and whether the engine joins neighbouring
 * vectors to 256 bits, so that twice as many accumulators fit its registers.
 */
export function setThread(index: i32, joins: bool): void {
  thread = index;
  wide = joins;
}

@inline
export function isWide(): bool {
  return wide;
}

/** The address of this thread's scratch memory; `stride`: bytes between one thread's and the next one's. */
export function ownScratch(scratch: usize, stride: usize): usize {
  return scratch + thread * stride;
}
