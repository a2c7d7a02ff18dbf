// Painting tiles into pixels: each pixel is the mixture of what covers it, worked out from runs, not from tiles.

import { unpackBytes } from "./codec.js";
import { pixel, rampPixels } from "./colours.js";
import { short } from "./facts.js";

/** @typedef {import("./tiles.js").Tiles} Tiles */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./colours.js").Rgb} Rgb */
/** @typedef {{pixels: Uint32Array, width: number, height: number}} Picture */
/** @typedef {{is_people: boolean, scales: number[], total: number, overview: {block: number, lowest: number, highest: number, top: number, codes: string}}} Packed */
/** Return the pixels of a line at a latitude, if tiles cover all of it. @typedef {(width: number, lat: number) => Uint32Array} Recolour */

const CHANNELS = 4;
const RAMP_LEVELS = 256;
/** So many times the weight of the other world has its full colour. */
const FULL_TIMES = 4;

/**
 * Paint the tiles that a view shows, a line at a time.
 * @param {Picture} picture The view in px. @param {View} view @param {Tiles} tiles @param {Rgb[]} colours Of each country.
 * @param {{sea: Rgb, off: Rgb} | null} ground Null to paint over what is there. @param {Recolour} [recolour] Instead of the colours of countries.
 */
export function* paintTiles({ pixels, width, height }, view, tiles, colours, ground, recolour) {
  const { grid } = tiles;
  const sums = new Float32Array((width + 2) * CHANNELS);
  const channels = Float32Array.from(colours.flat());
  const rowsPerPx = 1 / (view.scaleY * grid.cellHeight);
  for (let y = 0; y < height; y++, yield) {
    const line = pixels.subarray(y * width, (y + 1) * width);
    const lat = view.latAt(y + 0.5);
    const isOff = lat > 90 || lat < -90;
    if (ground) line.fill(pixel(isOff ? ground.off : ground.sea));
    if (isOff) continue;
    const top = (grid.north - view.latAt(y)) / grid.cellHeight;
    const first = Math.max(0, Math.floor(top));
    const stop = Math.min(grid.nRows, Math.ceil(top + rowsPerPx));
    sums.fill(0);
    for (let row = first; row < stop; row++) {
      const share = (Math.min(top + rowsPerPx, row + 1) - Math.max(top, row)) / rowsPerPx;
      eachRun(tiles, row, view, (run, x, end) => {
        addEdge(sums, Math.max(0, x), share, channels, 3 * tiles.countries[run]);
        addEdge(sums, Math.min(width, end), -share, channels, 3 * tiles.countries[run]);
      });
    }
    blend(line, sums, recolour?.(width, lat));
  }
}

/**
 * Where the runs of a row are seen, px; one that a view shows at several turns comes several times.
 * @param {Tiles} tiles @param {number} row @param {View} view
 * @param {(run: number, x: number, stop: number) => void} then
 */
function eachRun({ grid, inRow, starts, lengths }, row, view, then) {
  const pxPerCell = view.scale * grid.cellWidth;
  const origin = view.xOf(grid.west);
  const turn = 360 * view.scale;
  for (const run of inRow(row)) {
    const start = origin + starts[run] * pxPerCell;
    const length = lengths[run] * pxPerCell;
    // A run left of the view may be seen a turn further east.
    for (let x = start - turn * Math.floor((start + length) / turn); x < view.width; x += turn) then(run, x, x + length);
  }
}

/** Add a change at a place of a line. @param {Float32Array} sums @param {number} x @param {number} share @param {Float32Array} channels @param {number} colour */
function addEdge(sums, x, share, channels, colour) {
  const px = Math.floor(x);
  const after = share * (x - px);
  const here = share - after;
  const at = px * CHANNELS;
  for (let c = 0; c < 3; c++) {
    sums[at + c] += here * channels[colour + c];
    sums[at + CHANNELS + c] += after * channels[colour + c];
  }
  sums[at + 3] += here;
  sums[at + CHANNELS + 3] += after;
}

/** Sum up the changes of a line and mix what covers each px with what is there. @param {Uint32Array} line @param {Float32Array} sums @param {Uint32Array} [tints] Colours instead of those summed up. */
function blend(line, sums, tints) {
  let [r, g, b, c] = [0, 0, 0, 0];
  for (let x = 0, at = 0; x < line.length; x++, at += CHANNELS) {
    r += sums[at];
    g += sums[at + 1];
    b += sums[at + 2];
    c += sums[at + 3];
    if (c < 0.002) continue;
    const land = c > 1 ? 1 / c : 1;
    const rest = c > 1 ? 0 : 1 - c;
    const [under, tint] = [line[x], tints?.[x] ?? 0];
    const red = (tints ? (tint & 255) * c : r) * land + (under & 255) * rest + 0.5;
    const green = (tints ? ((tint >> 8) & 255) * c : g) * land + ((under >> 8) & 255) * rest + 0.5;
    const blue = (tints ? ((tint >> 16) & 255) * c : b) * land + ((under >> 16) & 255) * rest + 0.5;
    line[x] = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  }
}

/** The weights of a world: in blocks, and cell by cell for some countries. */
export class Weights {
  /** @param {Packed & {cells: Record<string, string>}} packed As explore/contents.py writes it. @param {Tiles} tiles @param {string[]} codes */
  static async read(packed, tiles, codes) {
    /** @type {Map<number, Uint8Array>} */
    const cells = new Map();
    const read = Object.entries(packed.cells).map(async ([iso, text]) => cells.set(codes.indexOf(iso), await unpackBytes(text)));
    await Promise.all(read);
    return new Weights(packed, tiles, await unpackBytes(packed.overview.codes), cells);
  }

  /**
   * @param {Packed} packed @param {Tiles} tiles @param {Uint8Array} blocks
   * @param {Map<number, Uint8Array>} cells Codes of the tiles of some countries: all high bytes, then all low ones.
   */
  constructor(packed, tiles, blocks, cells) {
    this.tiles = tiles;
    this.blocks = blocks;
    this.cells = cells;
    this.packed = packed;
    this.isLinear = false;
  }

  /** Weight of a tile in units of its country's 10^dp; null where it is not known cell by cell. @param {number} country @param {number} rank */
  weightOf(country, rank) {
    const bytes = this.cells.get(country);
    if (!bytes) return null;
    const code = bytes[rank] * 256 + bytes[bytes.length / 2 + rank];
    return code === 0 ? 0 : Math.exp(((code - 1) / 65534) * Math.log(this.packed.total));
  }

  /** A weight in words. @param {number} country @param {number} rank @param {string} iso */
  describe(country, rank, iso) {
    const weight = this.weightOf(country, rank);
    if (weight === null) return `not in this page for ${iso}`;
    const { is_people: isPeople, scales, total } = this.packed;
    const people = isPeople ? ` · ${short(weight * scales[country])} people` : "";
    return `${short((weight / total) * 100)}% of ${iso}${people}`;
  }

  /** What a place on the scale of colours stands for, per km2. @param {number} level 0..1. */
  densityAt(level) {
    const { lowest, highest, top } = this.packed.overview;
    return this.isLinear ? level * top : 10 ** (lowest + level * (highest - lowest));
  }

  /** Place on the scale of colours, 0..1. @param {number} perKm2 */
  levelOf(perKm2) {
    const { lowest, highest, top } = this.packed.overview;
    const log = (Math.log10(perKm2) - lowest) / (highest - lowest);
    return Math.min(1, Math.max(0, this.isLinear ? perKm2 / top : log));
  }

  /** Return what finds the weights per km2 along a line of a view at a latitude. @param {View} view */
  reader(view) {
    const { tiles, blocks } = this;
    const { block, lowest, highest } = this.packed.overview;
    const { grid } = tiles;
    const ofBlock = Float64Array.from({ length: 256 }, (_, code) => code && 10 ** (lowest + ((code - 1) / 254) * (highest - lowest)));
    const pxPerCell = view.scale * grid.cellWidth;
    const hasCells = 1 / pxPerCell <= Math.max(1, block / 3);
    const turn = Math.round(360 / grid.cellWidth);
    return (/** @type {number} */ width, /** @type {number} */ lat) => {
      const found = new Float64Array(width);
      const row = Math.floor((grid.north - lat) / grid.cellHeight);
      if (row < 0 || row >= grid.nRows) return found;
      const blockRow = Math.floor(row / block) * Math.ceil(grid.nCols / block);
      for (let x = 0; x < width; x++) {
        const col = Math.floor((view.lonAt(x + 0.5) - grid.west) / grid.cellWidth);
        found[x] = ofBlock[blocks[blockRow + Math.floor((((col % turn) + turn) % turn) / block)]];
      }
      if (!hasCells) return found;
      const km2 = grid.areaM2(row) / 1e6;
      eachRun(tiles, row, view, (run, start, stop) => {
        const country = tiles.countries[run];
        if (!this.cells.has(country)) return;
        for (let x = Math.max(0, Math.round(start)); x < Math.min(width, Math.round(stop)); x++) {
          const at = Math.min(tiles.lengths[run] - 1, Math.floor((x + 0.5 - start) / pxPerCell));
          found[x] = ((this.weightOf(country, tiles.ranks[run] + at) ?? 0) * this.packed.scales[country]) / km2;
        }
      });
      return found;
    };
  }

  /** Return what colours lines of a view by weight. @param {View} view @param {{ramp: Rgb[], none: Rgb}} theme @returns {Recolour} */
  painter(view, { ramp, none }) {
    const [read, pixels, nothing] = [this.reader(view), rampPixels(ramp, RAMP_LEVELS), pixel(none)];
    return (width, lat) => Uint32Array.from(read(width, lat), (perKm2) => (perKm2 > 0 ? pixels[Math.round(this.levelOf(perKm2) * (RAMP_LEVELS - 1))] : nothing));
  }
}

/** Return what colours lines of a view by which of two worlds has more weight. @param {Weights} a @param {Weights} b @param {View} view @param {{sides: Rgb[], none: Rgb}} theme @returns {Recolour} */
export function balancePainter(a, b, view, { sides, none }) {
  const [ofA, ofB] = [a.reader(view), b.reader(view)];
  const pixels = rampPixels([sides[0], none, sides[1]], RAMP_LEVELS + 1);
  return (width, lat) => {
    const others = ofB(width, lat);
    return Uint32Array.from(ofA(width, lat), (own, x) => {
      const balance = own === others[x] ? 0 : Math.log(others[x] / own) / Math.log(FULL_TIMES);
      return pixels[Math.round(((Math.min(1, Math.max(-1, balance)) + 1) / 2) * RAMP_LEVELS)];
    });
  };
}
