// Arrays as explore/packing.py writes them: base64 of deflated bytes; integers as their bytes, the lowest of all first.

/** @param {string} text @returns {Promise<Uint8Array>} */
export async function unpackBytes(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {string} text @returns {Promise<Int32Array>} */
export async function unpack(text) {
  return integers(await unpackBytes(text));
}

/** Integers of bytes: how many each has, all lowest bytes, the next ones, and so on. @param {Uint8Array} bytes @returns {Int32Array} */
export function integers(bytes) {
  const count = (bytes.length - 1) / bytes[0];
  const values = new Int32Array(count);
  for (let plane = 0, at = 1; plane < bytes[0]; plane++) {
    for (let i = 0; i < count; i++) values[i] |= bytes[at++] << (8 * plane);
  }
  for (let i = 0; i < count; i++) values[i] = (values[i] >>> 1) ^ -(values[i] & 1);
  return values;
}

/** Sum differences up, in place. @param {Int32Array} values */
export function summed(values) {
  for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
  return values;
}
