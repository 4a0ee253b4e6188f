/** Bits of IEEE half-precision floats to the float32 they stand for, exactly. */
export const fromFloat16 = (bits: Uint16Array): Float32Array =>
  Float32Array.from(bits, half => {
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    const size =
      exponent === 0
        ? fraction * 2 ** -24 // zero and the denormal numbers
        : exponent === 31
          ? fraction
            ? NaN
            : Infinity
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return half & 0x8000 ? -size : size;
  });

/** Bits of bfloat16, the upper half of a float32, to that float32. */
export const fromBfloat16 = (bits: Uint16Array): Float32Array =>
  new Float32Array(Uint32Array.from(bits, upper => upper << 16).buffer);
