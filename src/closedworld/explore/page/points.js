// Sites as points: an index of squares, painting into pixels, and which one is under the pointer.

import { summed, unpack } from "./codec.js";
import { pixel } from "./colours.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./raster.js").Picture} Picture */
/** @typedef {import("./raster.js").Strip} Strip */
/** @typedef {import("./colours.js").Rgb} Rgb */

const SQUARES = 720;

/** A column of texts: number 0 is none. */
export class Texts {
  /** @param {string[]} names @param {Int32Array} numbers */
  constructor(names, numbers) {
    this.names = names;
    this.numbers = numbers;
  }

  /** @param {number} i */
  at(i) {
    return this.numbers[i] ? this.names[this.numbers[i] - 1] : "";
  }
}

/** @param {Record<string, {names: string[], numbers: string}>} packed */
export async function readTexts(packed) {
  /** @type {Record<string, Texts>} */
  const texts = {};
  for (const [name, { names, numbers }] of Object.entries(packed)) texts[name] = new Texts(names, summed(await unpack(numbers)));
  return texts;
}

export class Points {
  /** @param {number} degrees Steps of the coordinates. @param {Int32Array} lons @param {Int32Array} lats */
  constructor(degrees, lons, lats) {
    this.degrees = degrees;
    this.lons = lons;
    this.lats = lats;
    this.count = lons.length;
    /** @type {Record<string, Texts>} */
    this.texts = {};
    /** What they are coloured by, and what they belong to. */
    this.groups = new Texts([], lons);
    this.owners = new Texts([], lons);
    /** Country, number of the outlet, category code of each. @type {{countries: Int32Array, orders: Int32Array, mccs: Int32Array}} */
    this.numbers = { countries: lons, orders: lons, mccs: lons };
    /** Number of the merchant to show alone, 0 for all. */
    this.merchant = 0;
    /** Categories that are hidden, by number. @type {Set<number>} */
    this.hidden = new Set();
    const square = new Int32Array(this.count);
    /** First point of each square of half a degree, from the south-west, in ``order``. */
    this.firsts = new Int32Array((SQUARES * SQUARES) / 2 + 1);
    for (let i = 0; i < this.count; i++) {
      const col = Math.floor((lons[i] * degrees + 180) * 2);
      const row = Math.min(SQUARES / 2 - 1, Math.floor((lats[i] * degrees + 90) * 2));
      square[i] = row * SQUARES + (((col % SQUARES) + SQUARES) % SQUARES);
      this.firsts[square[i] + 1]++;
    }
    for (let i = 1; i < this.firsts.length; i++) this.firsts[i] += this.firsts[i - 1];
    this.order = new Int32Array(this.count);
    const next = this.firsts.slice();
    for (let i = 0; i < this.count; i++) this.order[next[square[i]]++] = i;
    /** Coordinates in this order: painting reads memory from one end to the other. */
    this.near = { lons: this.inOrder(lons), lats: this.inOrder(lats), group: lons, owner: lons };
  }

  /** @param {Int32Array} values */
  inOrder(values) {
    return Int32Array.from(this.order, (i) => values[i]);
  }

  /** @param {any} packed As explore/points.py writes it. @param {string} group What they are coloured by. @param {string} owner */
  static async read(packed, group, owner) {
    const [lons, lats, countries, orders, mccs] = await Promise.all(
      ["lons", "lats", "countries", "orders", "mccs"].map(async (name) => summed(await unpack(packed[name] ?? packed.countries))),
    );
    const points = new Points(packed.degrees, lons, lats);
    points.numbers = { countries, orders, mccs };
    points.texts = await readTexts(packed.texts);
    [points.groups, points.owners] = [points.texts[group], points.texts[owner]];
    points.near.group = points.inOrder(points.groups.numbers);
    points.near.owner = points.inOrder(points.owners.numbers);
    return points;
  }

  /** Whether a point is shown. @param {number} i */
  isShown(i) {
    if (this.merchant) return this.owners.numbers[i] === this.merchant;
    return !this.hidden.has(this.groups.numbers[i]);
  }

  /** Stretches of ``order`` that may be seen, with the longitude of their turn. @param {View} view @param {number} marginPx */
  *seen(view, marginPx) {
    const south = Math.max(0, Math.floor((view.latAt(view.height + marginPx) + 90) * 2));
    const north = Math.min(SQUARES / 2 - 1, Math.floor((view.latAt(-marginPx) + 90) * 2));
    const [west, east] = [-marginPx, view.width + marginPx].map((x) => Math.floor((view.lonAt(x) + 180) * 2));
    for (let row = south; row <= north; row++) {
      // Squares of a row within a turn are one stretch.
      for (let col = west; col <= east; ) {
        const turn = Math.floor(col / SQUARES);
        const stop = Math.min(east + 1, (turn + 1) * SQUARES);
        const first = row * SQUARES + (col - turn * SQUARES);
        yield { from: this.firsts[first], to: this.firsts[first + stop - col], turn: turn * 360 };
        col = stop;
      }
    }
  }

  /**
   * Paint the points that a view shows, some thousands at a time. @param {Picture} picture @param {View} view @param {Rgb[]} colours By number of the category.
   * @param {Rgb} rim Colour around a dot. @param {number} radius Px. @param {Strip} strip
   */
  *paint(picture, view, colours, rim, radius, strip) {
    const { pixels, width, height } = picture;
    const { lons, lats } = this.near;
    const { group, owner } = this.near;
    const fill = Uint32Array.from(colours, (colour, i) => (this.hidden.has(i) && !this.merchant ? 0 : pixel(colour)));
    const dots = discOffsets(radius, width);
    const rimPixel = pixel(rim);
    const reach = Math.ceil(radius) + 1;
    const [least, edge] = [Math.max(0, strip.from), Math.min(width, strip.to)];
    const [sx, sy] = [this.degrees * view.scale, this.degrees * view.scaleY];
    const oy = view.north * view.scaleY;
    for (const { from, to, turn } of this.seen(view, reach)) {
      const ox = (turn - view.west) * view.scale;
      for (let k = from; k < to; k++) {
        const colour = fill[group[k]];
        if (colour === 0 || (this.merchant && owner[k] !== this.merchant)) continue;
        const x = Math.floor(ox + lons[k] * sx);
        const y = Math.floor(oy - lats[k] * sy);
        if (dots.length === 1) {
          if (x >= least && x < edge && y >= 0 && y < height) pixels[y * width + x] = colour;
        } else if (x >= least + reach && x < edge - reach && y >= reach && y < height - reach) {
          for (const { offset, isRim } of dots) pixels[y * width + x + offset] = isRim ? rimPixel : colour;
        } else if (x > least - reach && x < edge + reach && y > -reach && y < height + reach) {
          for (const { dx, dy, isRim } of dots) {
            const [px, py] = [x + dx, y + dy];
            if (px >= least && px < edge && py >= 0 && py < height) pixels[py * width + px] = isRim ? rimPixel : colour;
          }
        }
      }
      yield;
    }
  }

  /**
   * The shown point nearest to a place of the view, within a distance; -1 for none. @param {View} view @param {number} x @param {number} y
   * @param {number} px
   */
  nearest(view, x, y, px) {
    let [best, found] = [px * px, -1];
    for (const { from, to, turn } of this.seen(view, px)) {
      for (let k = from; k < to; k++) {
        const i = this.order[k];
        const dx = view.xOf(this.lons[i] * this.degrees + turn) - x;
        const dy = view.yOf(this.lats[i] * this.degrees) - y;
        const distance = dx * dx + dy * dy;
        if (distance <= best && this.isShown(i)) [best, found] = [distance, i];
      }
    }
    return found;
  }
}

/** Px of a disc around its middle, a rim around larger ones. @param {number} radius @param {number} width Of the picture. */
function discOffsets(radius, width) {
  const dots = [];
  const reach = Math.ceil(radius) + 1;
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const distance = Math.hypot(dx, dy);
      const isRim = distance > radius;
      if (distance <= radius + (radius >= 2.5 ? 0.8 : 0)) dots.push({ dx, dy, isRim, offset: dy * width + dx });
    }
  }
  return dots;
}
