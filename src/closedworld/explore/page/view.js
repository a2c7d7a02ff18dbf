// What is seen: a window on longitude and latitude, both axes linear, true to shape in its middle.

const WORLD_PARALLEL = 32;
const MOST_STRETCH = 8;
const MOST_CELL_PX = 64;

export class View {
  /** @param {number} width Px. @param {number} height Px. @param {number} cellDegrees Width of a cell, which limits the zoom. */
  constructor(width, height, cellDegrees) {
    this.width = width;
    this.height = height;
    /** Px on the left that lie under the panel. */
    this.covered = 0;
    this.lon = 10;
    this.lat = 0;
    /** Px per degree of longitude. */
    this.scale = 0;
    this.most = MOST_CELL_PX / cellDegrees;
    /** Px per degree of latitude; longitude of the left edge; latitude of the upper one, maybe beyond the pole. */
    this.scaleY = 1;
    this.west = 0;
    this.north = 0;
  }

  /** Px per degree of longitude at which the globe just fits. */
  get least() {
    return Math.min((this.width - this.covered) / 360, this.height / (180 / Math.cos((WORLD_PARALLEL * Math.PI) / 180)));
  }

  /** Px per degree of latitude over px per degree of longitude. */
  get stretch() {
    const near = Math.min(1, Math.max(0, Math.log(this.scale / this.least) / Math.log(8)));
    const lat = WORLD_PARALLEL + (Math.abs(this.lat) - WORLD_PARALLEL) * near;
    return Math.min(MOST_STRETCH, 1 / Math.cos((Math.min(lat, 89) * Math.PI) / 180));
  }

  /** @param {number} x */
  lonAt(x) {
    return this.west + x / this.scale;
  }

  /** @param {number} y */
  latAt(y) {
    return this.north - y / this.scaleY;
  }

  /** @param {number} lon At the turn that is meant. */
  xOf(lon) {
    return (lon - this.west) * this.scale;
  }

  /** @param {number} lat */
  yOf(lat) {
    return (this.north - lat) * this.scaleY;
  }

  /** Longitude at the turn nearest to the middle. @param {number} lon */
  turned(lon) {
    return lon - 360 * Math.round((lon - this.lon) / 360);
  }

  /** The same window in px of another size. @param {number} ratio */
  times(ratio) {
    const own = new View(Math.round(this.width * ratio), Math.round(this.height * ratio), 1);
    const scale = (this.scale * own.width) / this.width;
    Object.assign(own, { lon: this.lon, lat: this.lat, scale, scaleY: scale * this.stretch, covered: this.covered * ratio });
    own.place();
    return own;
  }

  /** @param {View} other */
  isSame(other) {
    return this.width === other.width && this.height === other.height && this.scale === other.scale && this.west === other.west && this.north === other.north;
  }

  /** Whether all of another view is seen. @param {View} other */
  holds(other) {
    const [east, south] = [this.lonAt(this.width), this.latAt(this.height)];
    return this.west <= other.west && this.north >= other.north && east >= other.lonAt(other.width) && south <= other.latAt(other.height);
  }

  /** Work out the edges. */
  place() {
    this.west = this.lon - this.width / 2 / this.scale;
    this.north = this.lat + this.height / 2 / this.scaleY;
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.lon -= dx / this.scale;
    this.lat += dy / this.scaleY;
    this.settle();
  }

  /** Zoom; the point below stays where it is. @param {number} factor @param {number} x @param {number} y */
  zoom(factor, x = (this.width + this.covered) / 2, y = this.height / 2) {
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
    this.scale = Math.min(this.most, Math.max(this.least, this.scale));
    this.lon -= 360 * Math.round(this.lon / 360);
    // Near a pole, its parallel may come to the middle.
    const room = Math.max(0, 90 - this.height / 2 / (this.scale * this.stretch));
    const most = this.scale > 2 * this.least ? 90 : room;
    this.lat = Math.min(most, Math.max(-most, this.lat));
    this.scaleY = this.scale * this.stretch;
    this.place();
  }

  /** @param {{west: number, east: number, south: number, north: number}} bounds */
  fit({ west, east, south, north }) {
    this.lat = (south + north) / 2;
    this.scale = this.least;
    for (let i = 0; i < 4; i++) {
      const across = ((this.width - this.covered) * 0.86) / Math.max(east - west, 1e-9);
      this.scale = Math.min(across, (this.height * 0.8) / this.stretch / Math.max(north - south, 1e-9));
    }
    this.centre((west + east) / 2, (south + north) / 2);
  }

  /** Bring a point to the middle of what the panel leaves free. @param {number} lon @param {number} lat */
  centre(lon, lat) {
    this.scale = Math.min(this.most, Math.max(this.least, this.scale));
    this.lon = lon - this.covered / 2 / this.scale;
    this.lat = lat;
    this.settle();
  }
}
