// Distances over float32. `bytes` is a multiple of 16 and > 0; both operands are 16-byte padded with zeros.

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline
function addProduct(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, a: v128, b: v128): v128 {
  const d = f32x4.sub(a, b);
  return f32x4.add(sum, f32x4.mul(d, d));
}

/** Σ a·b. Four sums, so that no addition waits for the one before. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = b + bytes;
  const endOfWhole = b + (bytes & ~(<usize>63));
  while (b < endOfWhole) {
    s0 = addProduct(s0, v128.load(a), v128.load(b));
    s1 = addProduct(s1, v128.load(a, 16), v128.load(b, 16));
    s2 = addProduct(s2, v128.load(a, 32), v128.load(b, 32));
    s3 = addProduct(s3, v128.load(a, 48), v128.load(b, 48));
    a += 64;
    b += 64;
  }
  while (b < end) {
    s0 = addProduct(s0, v128.load(a), v128.load(b));
    a += 16;
    b += 16;
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Σ (a − b)². */
// @ts-ignore: decorator
@inline
export function squaredL2(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = b + bytes;
  const endOfWhole = b + (bytes & ~(<usize>63));
  while (b < endOfWhole) {
    s0 = addSquare(s0, v128.load(a), v128.load(b));
    s1 = addSquare(s1, v128.load(a, 16), v128.load(b, 16));
    s2 = addSquare(s2, v128.load(a, 32), v128.load(b, 32));
    s3 = addSquare(s3, v128.load(a, 48), v128.load(b, 48));
    a += 64;
    b += 64;
  }
  while (b < end) {
    s0 = addSquare(s0, v128.load(a), v128.load(b));
    a += 16;
    b += 16;
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** As `dot`, in float64: for rows whose float32 sum overflows. */
export function dot64(a: usize, b: usize, bytes: usize): f64 {
  let sum: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) sum += <f64>load<f32>(a + at) * <f64>load<f32>(b + at);
  return sum;
}

/** As `squaredL2`, in float64. */
export function squaredL264(a: usize, b: usize, bytes: usize): f64 {
  let sum: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const d = <f64>load<f32>(a + at) - <f64>load<f32>(b + at);
    sum += d * d;
  }
  return sum;
}
