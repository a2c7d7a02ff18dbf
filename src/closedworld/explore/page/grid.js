// The lattice: which cell holds a point, and where a cell lies. The formulas are those of kernels/grid.

/** @typedef {{row: number, col: number}} Cell */

const SEMI_MAJOR_M = 6378137;
const FLATTENING = 1 / 298.257223563;

export class Grid {
  /** @param {{west: number, north: number, cell_width: number, cell_height: number, n_cols: number, n_rows: number}} of */
  constructor(of) {
    this.west = of.west;
    this.north = of.north;
    this.cellWidth = of.cell_width;
    this.cellHeight = of.cell_height;
    this.nCols = of.n_cols;
    this.nRows = of.n_rows;
  }

  /**
   * @param {number} lon At any turn of 360 degrees. @param {number} lat
   * @returns {Cell | null} The cell, the eastern and southern one of two; null off the grid.
   */
  cellAt(lon, lat) {
    const turned = lon - 360 * Math.floor((lon - this.west) / 360);
    const col = Math.floor((turned - this.west) / this.cellWidth);
    let row = Math.floor((this.north - lat) / this.cellHeight);
    if (lat === this.north - this.nRows * this.cellHeight) row = this.nRows - 1;
    if (col < 0 || col >= this.nCols || row < 0 || row >= this.nRows) return null;
    return { row, col };
  }

  /** @param {Cell} cell */
  tileId(cell) {
    return cell.row * this.nCols + cell.col;
  }

  /** @param {number} id @returns {Cell | null} */
  cellOf(id) {
    if (!Number.isInteger(id) || id < 0 || id >= this.nCols * this.nRows) return null;
    return { row: Math.floor(id / this.nCols), col: id % this.nCols };
  }

  /** @param {Cell} cell */
  centre({ row, col }) {
    return { lon: this.west + (col + 0.5) * this.cellWidth, lat: this.north - (row + 0.5) * this.cellHeight };
  }

  /** @param {Cell} cell */
  bounds({ row, col }) {
    return {
      west: this.west + col * this.cellWidth,
      east: this.west + (col + 1) * this.cellWidth,
      north: this.north - row * this.cellHeight,
      south: this.north - (row + 1) * this.cellHeight,
    };
  }

  /** Area of a cell on the WGS 84 ellipsoid, m2. @param {number} row */
  areaM2(row) {
    const north = Math.min(90, this.north - row * this.cellHeight);
    const south = Math.max(-90, this.north - (row + 1) * this.cellHeight);
    const minor = SEMI_MAJOR_M * (1 - FLATTENING);
    const width = (this.cellWidth * Math.PI) / 180;
    return (zone(north) - zone(south)) * width * minor * minor;
  }
}

/** Area between the equator and a parallel, as a multiple of the semi-minor axis squared and the width in radians. @param {number} lat */
function zone(lat) {
  const e = Math.sqrt(FLATTENING * (2 - FLATTENING));
  const sine = Math.sin((lat * Math.PI) / 180);
  return (sine / (1 - e * e * sine * sine) + Math.atanh(e * sine) / e) / 2;
}
