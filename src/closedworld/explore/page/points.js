// Sites and homes as points: painting into pixels, and which one is under the pointer.

import { pixel } from "./colours.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./colours.js").Rgb} Rgb */

const SLICE = 1 << 14;

export class Points {
  /** @param {import("./codec.js").Table} table @param {string} owner Column of what they belong to. @param {string} [group] Column of what they are coloured by. */
  constructor(table, owner, group) {
    this.table = table;
    this.owner = owner;
    this.lons = table.numbers("lon");
    this.lats = table.numbers("lat");
    this.count = this.lons.length;
    this.owners = table.numbers(owner);
    this.groups = group ? table.numbers(group) : new Int32Array(this.count);
    /** Of two worlds, 0 where both have a point, else 1 or 2. */
    this.sides = table.columns.world?.numbers ?? new Int32Array(this.count);
    /** Number of the owner whose points are shown alone, 0 for all. */
    this.alone = 0;
    /** Groups that are hidden, by number. @type {Set<number>} */
    this.hidden = new Set();
  }

  /** Whether a point is shown. @param {number} i @param {number} [unseen] Side whose points are not. */
  isShown = (i, unseen = -1) => this.sides[i] !== unseen && (this.alone ? this.owners[i] === this.alone : !this.hidden.has(this.groups[i]));

  /**
   * Paint the points that a view shows, some thousands at a time. @param {import("./raster.js").Picture} picture @param {View} view
   * @param {Rgb[]} colours By number of the group, of the side where one is unseen of 0. @param {Rgb} rim Colour around larger dots. @param {number} radius Px. @param {number} [unseen] As above.
   */
  *paint({ pixels, width, height }, view, colours, rim, radius, unseen) {
    const { lons, lats } = this;
    const kinds = unseen === 0 ? this.sides : this.groups;
    const fill = Uint32Array.from(colours, pixel);
    const dots = disc(radius);
    const { north, scale, scaleY } = view;
    const reach = Math.ceil(radius) + 1;
    const west = view.lonAt(-reach);
    const rimPixel = pixel(rim);
    for (let k = 0; k < this.count; k++) {
      if (k % SLICE === 0) yield;
      const y0 = Math.floor((north - lats[k]) * scaleY);
      if (y0 < -reach || y0 > height + reach || !this.isShown(k, unseen)) continue;
      const colour = fill[kinds[k]];
      // A point may be seen at several turns.
      for (let lon = lons[k] - west - 360 * Math.floor((lons[k] - west) / 360); ; lon += 360) {
        const x0 = Math.floor(lon * scale) - reach;
        if (x0 > width + reach) break;
        for (let dot = 0; dot < dots.length; dot += 3) {
          const [x, y] = [x0 + dots[dot], y0 + dots[dot + 1]];
          if (x >= 0 && x < width && y >= 0 && y < height) pixels[y * width + x] = dots[dot + 2] ? rimPixel : colour;
        }
      }
    }
  }

  /** The shown point nearest to a place of the view, within a distance; -1 for none. @param {View} view @param {number} x @param {number} y @param {number} px @param {number} [unseen] As above. */
  nearest(view, x, y, px, unseen) {
    let [best, found] = [px, -1];
    for (let i = 0; i < this.count; i++) {
      const distance = Math.hypot(view.xOf(view.turned(this.lons[i])) - x, view.yOf(this.lats[i]) - y);
      if (distance <= best && this.isShown(i, unseen)) [best, found] = [distance, i];
    }
    return found;
  }
}

/** Px of a disc around its middle, as x, y and whether it is of the rim, which larger ones have. @param {number} radius */
function disc(radius) {
  const dots = [];
  const size = Math.floor(radius);
  const reach = size + 1;
  // So that discs of few px are round, not pointed.
  const most = (/** @type {number} */ r) => r * r + r;
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const squared = x * x + y * y;
      if (squared <= most(size >= 2 ? reach : size)) dots.push(x, y, Number(squared > most(size)));
    }
  }
  return Int32Array.from(dots);
}
