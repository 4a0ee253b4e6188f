/** Images behind one another: [n_1 * size], [n_2 * size], ... to one array. */
export const joinImages = (parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** Images number `chosen` out of n, in that order. */
export const pickImages = (images: Float32Array, n: number, chosen: readonly number[]): Float32Array => {
  const size = images.length / n;
  return joinImages(chosen.map(i => images.subarray(i * size, (i + 1) * size)));
};

/** Numbers of the images by how much a and b differ (mean square), the most changed first. */
export const mostChanged = (a: Float32Array, b: Float32Array, n: number): number[] => {
  const size = a.length / n;
  const change = Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = i * size; j < (i + 1) * size; j++) sum += (a[j] - b[j]) ** 2;
    return sum / size;
  });
  return [...change.keys()].sort((i, j) => change[j] - change[i]);
};
