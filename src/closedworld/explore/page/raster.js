// Painting tiles into pixels: each pixel is the mixture of what covers it, worked out from runs, not from tiles.

import { unpackBytes } from "./codec.js";
import { pixel } from "./colours.js";

/** @typedef {import("./tiles.js").Tiles} Tiles */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./colours.js").Rgb} Rgb */
/** @typedef {{pixels: Uint32Array, width: number, height: number}} Picture */
/** @typedef {{from: number, to: number}} Strip Columns of px, half-open. */
/** @typedef {(line: Uint32Array, cover: Float32Array, lat: number) => void} Recolour */

const CHANNELS = 4;

/**
 * Paint the tiles that a view shows, a line at a time.
 * @param {Picture} picture The view in px. @param {View} view @param {Tiles} tiles @param {Rgb[]} colours Of each country.
 * @param {{sea: Rgb, off: Rgb}} ground @param {Strip} strip @param {Recolour} [recolour] Changes a line of pixels where tiles are.
 */
export function* paintTiles(picture, view, tiles, colours, ground, strip, recolour) {
  const { grid } = tiles;
  const { pixels, width, height } = picture;
  const sums = new Float32Array((width + 2) * CHANNELS);
  const cover = new Float32Array(width);
  const channels = Float32Array.from(colours.flat());
  const [sea, off] = [pixel(ground.sea), pixel(ground.off)];
  const rowsPerPx = 1 / (view.scaleY * grid.cellHeight);
  let copied = -1;
  for (let y = 0; y < height; y++, yield) {
    const line = pixels.subarray(y * width, (y + 1) * width);
    const top = (grid.north - view.latAt(y)) / grid.cellHeight;
    const lat = view.latAt(y + 0.5);
    line.fill(off, strip.from, strip.to);
    if (lat > 90 || lat < -90) continue;
    const first = Math.max(0, Math.floor(top));
    const stop = Math.min(grid.nRows, Math.ceil(top + rowsPerPx));
    const isWithin = stop === first + 1 && top >= first && top + rowsPerPx <= stop;
    if (isWithin && copied === first) {
      line.set(pixels.subarray((y - 1) * width + strip.from, (y - 1) * width + strip.to), strip.from);
      continue;
    }
    copied = isWithin ? first : -1;
    sums.fill(0);
    for (let row = first; row < stop; row++) {
      const share = (Math.min(top + rowsPerPx, row + 1) - Math.max(top, row)) / rowsPerPx;
      addRow(sums, row, share, view, tiles, channels, strip);
    }
    blend(line, cover, sums, ground.sea, sea, strip);
    if (recolour) recolour(line, cover, lat);
  }
}

/**
 * Add the runs of a row to the sums of a line, as changes from px to px.
 * @param {Float32Array} sums @param {number} row @param {number} share Of the line that the row takes. @param {View} view
 * @param {Tiles} tiles @param {Float32Array} channels Red, green and blue of each country. @param {Strip} strip
 */
function addRow(sums, row, share, view, tiles, channels, { from: left, to: right }) {
  const { grid, byRow, rowFirsts, starts, lengths, countries } = tiles;
  const pxPerCell = view.scale * grid.cellWidth;
  const origin = (grid.west - view.west) * view.scale;
  const turn = 360 * view.scale;
  for (let i = rowFirsts[row], stop = rowFirsts[row + 1]; i < stop; i++) {
    const run = byRow[i];
    const colour = 3 * countries[run];
    const start = origin + starts[run] * pxPerCell;
    const length = lengths[run] * pxPerCell;
    // A run left of the view may be seen a turn further east.
    for (let x = start + turn * Math.ceil((left - start - length) / turn); x < right; x += turn) {
      edge(sums, x < left ? left : x, share, channels, colour);
      edge(sums, x + length > right ? right : x + length, -share, channels, colour);
    }
  }
}

/** @param {Float32Array} sums @param {number} x @param {number} share @param {Float32Array} channels @param {number} colour */
function edge(sums, x, share, channels, colour) {
  const px = Math.floor(x);
  const after = share * (x - px);
  const here = share - after;
  const at = px * CHANNELS;
  const r = channels[colour];
  const g = channels[colour + 1];
  const b = channels[colour + 2];
  sums[at] += here * r;
  sums[at + 1] += here * g;
  sums[at + 2] += here * b;
  sums[at + 3] += here;
  sums[at + 4] += after * r;
  sums[at + 5] += after * g;
  sums[at + 6] += after * b;
  sums[at + 7] += after;
}

/**
 * Sum up the changes of a line and mix what covers each px with the sea.
 * @param {Uint32Array} line @param {Float32Array} cover @param {Float32Array} sums
 * @param {Rgb} sea @param {number} seaPixel @param {Strip} strip
 */
function blend(line, cover, sums, sea, seaPixel, { from: left, to: right }) {
  let [r, g, b, c] = [0, 0, 0, 0];
  for (let x = left, at = left * CHANNELS; x < right; x++, at += CHANNELS) {
    r += sums[at];
    g += sums[at + 1];
    b += sums[at + 2];
    c += sums[at + 3];
    cover[x] = c;
    if (c < 0.002) line[x] = seaPixel;
    else {
      const land = c > 1 ? 1 / c : 1;
      const water = c > 1 ? 0 : 1 - c;
      line[x] =
        (0xff000000 | ((b * land + sea[2] * water + 0.5) << 16) | ((g * land + sea[1] * water + 0.5) << 8) | (r * land + sea[0] * water + 0.5)) >>> 0;
    }
  }
}

/** The weights of a world: in blocks, and cell by cell for some countries. */
export class Weights {
  /** @param {any} packed As explore/contents.py writes it. @param {Tiles} tiles @param {string[]} codes */
  static async read(packed, tiles, codes) {
    const codesOf = new Map();
    await Promise.all(
      Object.entries(packed.cells).map(async ([iso, text]) => codesOf.set(codes.indexOf(iso), await unpackBytes(text))),
    );
    return new Weights(packed, tiles, await unpackBytes(packed.overview.codes), codesOf);
  }

  /**
   * @param {any} packed @param {Tiles} tiles @param {Uint8Array} blocks
   * @param {Map<number, Uint8Array>} cells Codes of the tiles of some countries: all high bytes, then all low ones.
   */
  constructor(packed, tiles, blocks, cells) {
    this.tiles = tiles;
    this.blocks = blocks;
    this.cells = cells;
    this.isPeople = packed.is_people;
    this.basis = packed.basis;
    /** @type {number[]} */
    this.scales = packed.scales;
    this.total = 10 ** packed.dp;
    this.block = packed.overview.block;
    this.lowest = packed.overview.lowest;
    this.highest = packed.overview.highest;
    this.blockCols = Math.ceil(tiles.grid.nCols / this.block);
    this.isLinear = false;
  }

  /** Weight of a tile in units of its country's 10^dp; null where it is not known cell by cell. @param {number} country @param {number} rank */
  weightOf(country, rank) {
    const bytes = this.cells.get(country);
    if (!bytes) return null;
    const code = bytes[rank] * 256 + bytes[bytes.length / 2 + rank];
    return code === 0 ? 0 : Math.exp(((code - 1) / 65534) * Math.log(this.total));
  }

  /** Place on the scale of colours, 0..1. @param {number} perKm2 */
  levelOf(perKm2) {
    const top = 10 ** this.highest;
    const level = this.isLinear ? perKm2 / top : (Math.log10(perKm2) - this.lowest) / (this.highest - this.lowest);
    return Math.min(1, Math.max(0, level));
  }

  /**
   * Return what paints lines of a view by weight. @param {View} view @param {Uint32Array} ramp @param {number} none Pixel for no weight.
   * @returns {Recolour}
   */
  painter(view, ramp, none) {
    const { grid } = this.tiles;
    const top = ramp.length - 1;
    const span = this.highest - this.lowest;
    const ofBlock = Uint32Array.from({ length: 256 }, (_, code) =>
      code ? ramp[Math.round(top * this.levelOf(10 ** (this.lowest + ((code - 1) / 254) * span)))] : none,
    );
    const hasCells = 1 / (view.scale * grid.cellWidth) <= Math.max(1, this.block / 3);
    const turn = Math.round(360 / grid.cellWidth);
    return (line, cover, lat) => {
      const row = Math.floor((grid.north - lat) / grid.cellHeight);
      if (row < 0 || row >= grid.nRows) return;
      const blockRow = Math.floor(row / this.block) * this.blockCols;
      for (let x = 0; x < line.length; x++) {
        if (cover[x] < 0.4) continue;
        const col = Math.floor((view.lonAt(x + 0.5) - grid.west) / grid.cellWidth);
        line[x] = ofBlock[this.blocks[blockRow + Math.floor((((col % turn) + turn) % turn) / this.block)]];
      }
      if (hasCells) this.paintCells(line, row, view, ramp, none);
    };
  }

  /**
   * Paint the cells of a row that have weights of their own. @param {Uint32Array} line @param {number} row @param {View} view
   * @param {Uint32Array} ramp @param {number} none
   */
  paintCells(line, row, view, ramp, none) {
    const { tiles } = this;
    const { grid } = tiles;
    const km2 = grid.areaM2(row) / 1e6;
    const pxPerCell = view.scale * grid.cellWidth;
    const turn = 360 * view.scale;
    for (let i = tiles.rowFirsts[row]; i < tiles.rowFirsts[row + 1]; i++) {
      const run = tiles.byRow[i];
      const country = tiles.countries[run];
      const bytes = this.cells.get(country);
      if (!bytes) continue;
      const half = bytes.length / 2;
      const rank = tiles.ranks[run];
      const perWeight = this.scales[country] / km2;
      const step = Math.log(this.total) / 65534;
      const start = (grid.west + tiles.starts[run] * grid.cellWidth - view.west) * view.scale;
      const length = tiles.lengths[run] * pxPerCell;
      for (let x = start + turn * Math.ceil(-(start + length) / turn); x < line.length; x += turn) {
        const stop = Math.min(line.length, Math.round(x + length));
        for (let px = Math.max(0, Math.round(x)); px < stop; px++) {
          const at = rank + Math.min(tiles.lengths[run] - 1, Math.floor((px + 0.5 - x) / pxPerCell));
          const code = bytes[at] * 256 + bytes[half + at];
          line[px] = code ? ramp[Math.round(this.levelOf(Math.exp((code - 1) * step) * perWeight) * (ramp.length - 1))] : none;
        }
      }
    }
  }
}
