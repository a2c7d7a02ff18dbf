// Borders, drawn as lines with no more vertices than a view shows.

import { summed, unpack } from "./codec.js";

/** @typedef {import("./view.js").View} View */

export class Borders {
  /** @param {number} step Degrees. @param {Int32Array} sizes Vertices of each line. @param {Int32Array} xs Steps. @param {Int32Array} ys Steps. */
  constructor(step, sizes, xs, ys) {
    this.step = step;
    this.sizes = sizes;
    this.xs = xs;
    this.ys = ys;
    let at = 0;
    /** Of each line, steps. */
    this.boxes = Array.from(sizes, (size) => {
      const own = [xs, ys].map((list) => list.subarray(at, at + size));
      at += size;
      const [west, south] = own.map((list) => list.reduce((a, b) => Math.min(a, b)));
      const [east, north] = own.map((list) => list.reduce((a, b) => Math.max(a, b)));
      return { west, south, east, north };
    });
  }

  /** @param {{step: number, lines: string, xs: string, ys: string}} packed As explore/borders.py writes it. */
  static async read(packed) {
    const [sizes, xs, ys] = await Promise.all([packed.lines, packed.xs, packed.ys].map(unpack));
    return new Borders(packed.step, sizes, summed(xs), summed(ys));
  }

  /**
   * Add the lines that are seen to a path. @param {CanvasRenderingContext2D | Path2D} path @param {View} view
   * @param {number} leastPx Vertices closer to the last one are passed over, and lines smaller than this.
   */
  trace(path, view, leastPx) {
    const { boxes, sizes, xs, ys, step } = this;
    const [sx, sy] = [step * view.scale, step * view.scaleY];
    const turn = 360 * view.scale;
    const [ox, oy] = [-view.west * view.scale, view.north * view.scaleY];
    for (let line = 0, first = 0; line < sizes.length; first += sizes[line++]) {
      const [west, east] = [ox + boxes[line].west * sx, ox + boxes[line].east * sx];
      const [north, south] = [oy - boxes[line].north * sy, oy - boxes[line].south * sy];
      if (south < 0 || north > view.height || (east - west < leastPx && south - north < leastPx)) continue;
      for (let shift = turn * Math.ceil(-east / turn); west + shift < view.width; shift += turn) {
        const last = first + sizes[line] - 1;
        let [x0, y0] = [ox + shift + xs[first] * sx, oy - ys[first] * sy];
        path.moveTo(x0, y0);
        for (let at = first + 1; at <= last; at++) {
          const [x, y] = [ox + shift + xs[at] * sx, oy - ys[at] * sy];
          if (at < last && Math.abs(x - x0) < leastPx && Math.abs(y - y0) < leastPx) continue;
          path.lineTo(x, y);
          [x0, y0] = [x, y];
        }
      }
    }
  }
}
