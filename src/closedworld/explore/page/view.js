// What is seen: a window on longitude and latitude, both axes linear, true to shape in its middle.

const WORLD_PARALLEL = 32;
const MOST_STRETCH = 8;
const MOST_CELL_PX = 64;
const ROOM = 0.05;
export const RADIANS = Math.PI / 180;

/** @param {number} value @param {number} least @param {number} most */
const clamped = (value, least, most) => Math.min(most, Math.max(least, value));

/** A longitude at the turn nearest to another. @param {number} lon @param {number} other */
export const near = (lon, other) => lon - 360 * Math.round((lon - other) / 360);

/** @typedef {{west: number, east: number, south: number, north: number}} Bounds */

/** The box of some points, with room around; null for none. @param {ArrayLike<number>} lons @param {ArrayLike<number>} lats @param {number[]} rows Those that count. @returns {Bounds | null} */
export function boxOf(lons, lats, rows) {
  if (!rows.length) return null;
  // As seen from the first one, so that points across the antimeridian stay together.
  const [xs, ys] = [rows.map((i) => near(lons[i], lons[rows[0]])), rows.map((i) => lats[i])];
  const [west, south] = [xs, ys].map((list) => list.reduce((a, b) => Math.min(a, b)) - ROOM);
  const [east, north] = [xs, ys].map((list) => list.reduce((a, b) => Math.max(a, b)) + ROOM);
  return { west, south, east, north };
}

export class View {
  /** @param {number} width Px. @param {number} height Px. @param {number} cellDegrees Width of a cell, which limits the zoom. */
  constructor(width, height, cellDegrees) {
    this.width = width;
    this.height = height;
    this.lon = 10;
    this.lat = 0;
    /** Px per degree of longitude, of latitude. */
    this.scale = 1;
    this.scaleY = 1;
    this.most = MOST_CELL_PX / cellDegrees;
  }

  /** Px per degree of longitude at which the globe just fits. */
  get least() {
    return Math.min(this.width / 360, (this.height / 180) * Math.cos(WORLD_PARALLEL * RADIANS));
  }

  /** Px per degree of latitude over px per degree of longitude. */
  get stretch() {
    const near = clamped(Math.log(this.scale / this.least) / Math.log(8), 0, 1);
    const lat = WORLD_PARALLEL + (Math.abs(this.lat) - WORLD_PARALLEL) * near;
    return Math.min(MOST_STRETCH, 1 / Math.cos(Math.min(lat, 89) * RADIANS));
  }

  /** Longitude of the left edge. */
  get west() {
    return this.lon - this.width / 2 / this.scale;
  }

  /** Latitude of the upper edge, maybe beyond the pole. */
  get north() {
    return this.lat + this.height / 2 / this.scaleY;
  }

  lonAt = (/** @type {number} */ x) => this.west + x / this.scale;
  latAt = (/** @type {number} */ y) => this.north - y / this.scaleY;
  /** Of a longitude at the turn that is meant. @param {number} lon */
  xOf = (lon) => (lon - this.west) * this.scale;
  yOf = (/** @type {number} */ lat) => (this.north - lat) * this.scaleY;
  /** Longitude at the turn nearest to the middle. @param {number} lon */
  turned = (lon) => near(lon, this.lon);

  /** The same window in px of another size. @param {number} ratio */
  times(ratio) {
    const own = new View(Math.round(this.width * ratio), Math.round(this.height * ratio), 1);
    const scale = (this.scale * own.width) / this.width;
    return Object.assign(own, { lon: this.lon, lat: this.lat, scale, scaleY: scale * this.stretch });
  }

  /** @param {View} other */
  isSame({ width, height, scale, lon, lat }) {
    return this.width === width && this.height === height && this.scale === scale && this.lon === lon && this.lat === lat;
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.lon -= dx / this.scale;
    this.lat += dy / this.scaleY;
    this.settle();
  }

  /** Zoom; the point below stays where it is. @param {number} factor @param {number} [x] @param {number} [y] */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const [lon, lat] = [this.lonAt(x), this.latAt(y)];
    this.scale *= factor;
    this.settle();
    this.lon = lon - (x - this.width / 2) / this.scale;
    // How far a latitude is depends on the one in the middle.
    for (let i = 0; i < 3; i++) {
      this.lat = lat + (y - this.height / 2) / this.scaleY;
      this.settle();
    }
  }

  /** Keep the middle on the globe, and the globe in the window. */
  settle() {
    this.scale = clamped(this.scale, this.least, this.most);
    this.lon -= 360 * Math.round(this.lon / 360);
    // Near a pole, its parallel may come to the middle.
    const room = Math.max(0, 90 - this.height / 2 / (this.scale * this.stretch));
    const most = this.scale > 2 * this.least ? 90 : room;
    this.lat = clamped(this.lat, -most, most);
    this.scaleY = this.scale * this.stretch;
  }

  /** Show a box, with room around it. @param {Bounds} bounds */
  fit({ west, east, south, north }) {
    Object.assign(this, { lon: (west + east) / 2, lat: (south + north) / 2, scale: this.least });
    for (let i = 0; i < 4; i++) {
      const down = (this.height * 0.8) / this.stretch / Math.max(north - south, 1e-9);
      this.scale = Math.min((this.width * 0.86) / Math.max(east - west, 1e-9), down);
    }
    this.settle();
  }
}
