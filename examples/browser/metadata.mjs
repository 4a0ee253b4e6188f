/**
 * The metadata of an ONNX file, which onnxruntime-web does not show: field 14 of the protocol buffer, pairs of key and
 * value (fields 1 and 2). Everything else, the graph above all, is stepped over.
 */
export const readMetadata = bytes => {
  const result = {};
  for (const { field, value } of fields(bytes)) {
    if (field !== 14) continue;
    const pair = Object.fromEntries([...fields(value)].map(part => [part.field, new TextDecoder().decode(part.value)]));
    result[pair[1]] = pair[2] ?? '';
  }
  return result;
};

/** The fields of a message: numbers as numbers, everything else as bytes. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) yield { field, value: varint() };
    else if (kind === 2) {
      const length = varint();
      yield { field, value: bytes.subarray(at, (at += length)) };
    } else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else throw new Error(`not an ONNX file (wire type ${kind})`);
  }
}
