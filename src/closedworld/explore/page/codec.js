// Arrays as explore/packing.py writes them: base64 of deflated bytes; integers as their bytes, the lowest of all first.

/** @typedef {{names?: string[], label?: string, numbers: Int32Array | Float64Array}} Column Numbers, or with names the number of each row's name, 0 for none. */

/** @param {string} text @returns {Promise<Uint8Array>} */
export async function unpackBytes(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {string} text @returns {Promise<Int32Array>} */
export const unpack = async (text) => integers(await unpackBytes(text));

/** Integers of bytes: how many each has, all lowest bytes, the next ones, and so on. @param {Uint8Array} bytes @returns {Int32Array} */
export function integers(bytes) {
  const count = (bytes.length - 1) / bytes[0];
  const values = new Int32Array(count);
  for (let plane = 0, at = 1; plane < bytes[0]; plane++) {
    for (let i = 0; i < count; i++) values[i] |= bytes[at++] << (8 * plane);
  }
  return values.map((value) => (value >>> 1) ^ -(value & 1));
}

/** Sum differences up, in place. @param {Int32Array} values */
export function summed(values) {
  for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
  return values;
}

/** Columns by name. */
export class Table {
  /** @param {Record<string, Column>} columns */
  constructor(columns) {
    this.columns = columns;
  }

  /** @param {Record<string, {values: string, per?: number, names?: string[], label?: string}>} packed As explore/packing.py writes it. */
  static async read(packed) {
    const read = Object.entries(packed).map(async ([name, { values, per, ...known }]) => {
      const numbers = summed(await unpack(values));
      return [name, { ...known, numbers: per ? Float64Array.from(numbers, (value) => value / per) : numbers }];
    });
    return new Table(Object.fromEntries(await Promise.all(read)));
  }

  /** @param {string} name */
  numbers(name) {
    return this.columns[name].numbers;
  }

  /** @param {string} name @returns {string[]} */
  names(name) {
    return this.columns[name].names ?? [];
  }

  /** The number in a row, or the name, "" for none. @param {string} name @param {number} i */
  value(name, i) {
    const { names, numbers } = this.columns[name];
    return names ? (names[numbers[i] - 1] ?? "") : numbers[i];
  }
}
