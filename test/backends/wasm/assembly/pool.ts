// AssemblyScript, for pool.test.ts.
let thread: i32 = 0;

export function setThread(index: i32, joins: bool): void {
  thread = index;
}

/** Adds 1 to words [from, to) of `counts` and to this thread's word of `threads`. */
export function count(counts: usize, threads: usize, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const at = counts + ((<usize>i) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  const at = threads + ((<usize>thread) << 2);
  store<i32>(at, load<i32>(at) + 1);
}

export function failOffMainThread(out: usize, from: i32, to: i32): void {
  if (thread != 0) unreachable();
  let x: i32 = 0;
  for (let i = 0; i < 100000; i++) x = x * 1664525 + i;
  store<i32>(out, x);
}

export function fail(from: i32, to: i32): void {
  unreachable();
}
