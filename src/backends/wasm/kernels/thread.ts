let thread: usize = 0;

/** Which thread this instance of the module belongs to; 0 is the main one. */
export function setThread(index: i32): void {
  thread = index;
}

/** The address of this thread's scratch memory; `stride`: bytes between one thread's and the next one's. */
export function ownScratch(scratch: usize, stride: usize): usize {
  return scratch + thread * stride;
}
