// Binary heaps of i64 keys at `heap`. A key orders hits: a better score is a larger key, and of equal scores the
// smaller row is. High half: the score's bits made sortable; low half: the row's complement.

// @ts-ignore: decorator
@inline
export function keyOf(score: f32, row: u32): i64 {
  // + 0 turns −0 into 0, which must not rank below it.
  const bits = reinterpret<i32>(score + <f32>0);
  const sortable = bits ^ ((bits >> 31) & 0x7fffffff);
  return ((<i64>sortable) << 32) | <i64>(~row);
}

// @ts-ignore: decorator
@inline
export function keyRow(key: i64): u32 {
  return ~(<u32>key);
}

// @ts-ignore: decorator
@inline
export function keyScore(key: i64): f32 {
  const sortable = <i32>(key >> 32);
  return reinterpret<f32>(sortable ^ ((sortable >> 31) & 0x7fffffff));
}

// @ts-ignore: decorator
@inline
function get(heap: usize, i: i32): i64 {
  return load<i64>(heap + ((<usize>i) << 3));
}

// @ts-ignore: decorator
@inline
function put(heap: usize, i: i32, key: i64): void {
  store<i64>(heap + ((<usize>i) << 3), key);
}

/** Adds `key` to a heap of `count` keys with its smallest at 0; the caller counts. */
export function minPush(heap: usize, count: i32, key: i64): void {
  let i = count;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = get(heap, parent);
    if (above <= key) break;
    put(heap, i, above);
    i = parent;
  }
  put(heap, i, key);
}

/** Puts `key` in the place of the smallest of `count` keys. */
export function minReplace(heap: usize, count: i32, key: i64): void {
  let i = 0;
  while (true) {
    let child = 2 * i + 1;
    if (child >= count) break;
    let below = get(heap, child);
    if (child + 1 < count) {
      const right = get(heap, child + 1);
      if (right < below) {
        child++;
        below = right;
      }
    }
    if (below >= key) break;
    put(heap, i, below);
    i = child;
  }
  put(heap, i, key);
}

/** Sorts a min-heap in place, largest key first. */
export function minSortDescending(heap: usize, count: i32): void {
  for (let left = count - 1; left > 0; left--) {
    const smallest = get(heap, 0);
    minReplace(heap, left, get(heap, left));
    put(heap, left, smallest);
  }
}

/** Adds `key` to a heap of `count` keys with its largest at 0. */
export function maxPush(heap: usize, count: i32, key: i64): void {
  let i = count;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = get(heap, parent);
    if (above >= key) break;
    put(heap, i, above);
    i = parent;
  }
  put(heap, i, key);
}

/** Takes the largest of `count` ≥ 1 keys out; count − 1 remain. */
export function maxPop(heap: usize, count: i32): i64 {
  const top = get(heap, 0);
  const last = count - 1;
  const key = get(heap, last);
  let i = 0;
  while (true) {
    let child = 2 * i + 1;
    if (child >= last) break;
    let below = get(heap, child);
    if (child + 1 < last) {
      const right = get(heap, child + 1);
      if (right > below) {
        child++;
        below = right;
      }
    }
    if (below <= key) break;
    put(heap, i, below);
    i = child;
  }
  put(heap, i, key);
  return top;
}

/** Writes the rows (u32) and scores (f32) of `count` keys in their order. */
export function writeHits(keys: usize, count: i32, rows: usize, scores: usize): void {
  for (let i = 0; i < count; i++) {
    const key = get(keys, i);
    store<u32>(rows + ((<usize>i) << 2), keyRow(key));
    store<f32>(scores + ((<usize>i) << 2), keyScore(key));
  }
}
