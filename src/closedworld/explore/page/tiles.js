// The tiles of a world as runs: whose is a cell, and where is a country.

import { unpack } from "./codec.js";

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./grid.js").Cell} Cell */

export class Tiles {
  /**
   * Runs in the order of their countries, each country's by row and column. @param {Grid} grid
   * @param {Int32Array} counts Runs of each country. @param {Int32Array} rows @param {Int32Array} starts @param {Int32Array} lengths
   */
  constructor(grid, counts, rows, starts, lengths) {
    this.grid = grid;
    this.rows = rows;
    this.starts = starts;
    this.lengths = lengths;
    this.countries = new Uint16Array(rows.length);
    /** First run of each country, and their number. */
    this.firsts = new Int32Array(counts.length + 1);
    /** Tiles of each country. */
    this.counts = new Float64Array(counts.length);
    /** Tiles of its country before each run. */
    this.ranks = new Float64Array(rows.length);
    for (let country = 0, run = 0; country < counts.length; country++) {
      let rank = 0;
      for (const stop = run + counts[country]; run < stop; run++) {
        this.countries[run] = country;
        this.ranks[run] = rank;
        rank += lengths[run];
      }
      this.counts[country] = rank;
      this.firsts[country + 1] = run;
    }
    /** Where the runs of each row begin in ``byRow``. */
    this.rowFirsts = new Int32Array(grid.nRows + 1);
    for (const row of rows) this.rowFirsts[row + 1]++;
    for (let row = 0; row < grid.nRows; row++) this.rowFirsts[row + 1] += this.rowFirsts[row];
    this.byRow = new Int32Array(rows.length);
    const next = this.rowFirsts.slice();
    for (let run = 0; run < rows.length; run++) this.byRow[next[rows[run]]++] = run;
  }

  /** @param {Grid} grid @param {{runs: string, rows: string, starts: string, lengths: string}} packed As explore/tile_runs.py writes it. */
  static async read(grid, packed) {
    const [counts, rows, starts, lengths] = await Promise.all(
      [packed.runs, packed.rows, packed.starts, packed.lengths].map(unpack),
    );
    let run = 0;
    for (const count of counts) {
      let row = 0;
      let above = 0;
      let stop = 0;
      for (let i = 0; i < count; i++, run++) {
        if (i === 0 || rows[run] > 0) {
          above += starts[run];
          starts[run] = above;
        } else starts[run] += stop;
        row += rows[run];
        rows[run] = row;
        stop = starts[run] + lengths[run];
      }
    }
    return new Tiles(grid, counts, rows, starts, lengths);
  }

  /** @param {Cell | null} cell @returns {number[]} The runs that hold a cell, one for each country that owns it. */
  runsAt(cell) {
    /** @type {number[]} */
    const found = [];
    if (cell === null) return found;
    for (let i = this.rowFirsts[cell.row]; i < this.rowFirsts[cell.row + 1]; i++) {
      const run = this.byRow[i];
      const offset = cell.col - this.starts[run];
      if (offset >= 0 && offset < this.lengths[run]) found.push(run);
    }
    return found;
  }

  /**
   * Where a country lies, with its widest gap left out; null for one without tiles.
   * @param {number} [country] Without one, all tiles. @returns {{west: number, east: number, south: number, north: number} | null}
   */
  boundsOf(country) {
    const { grid, rows, starts, lengths } = this;
    const [first, stop] = country === undefined ? [0, rows.length] : [this.firsts[country], this.firsts[country + 1]];
    if (first === stop) return null;
    const changes = new Int32Array(grid.nCols + 1);
    let [top, bottom] = [grid.nRows, 0];
    for (let run = first; run < stop; run++) {
      changes[starts[run]]++;
      changes[starts[run] + lengths[run]]--;
      top = Math.min(top, rows[run]);
      bottom = Math.max(bottom, rows[run] + 1);
    }
    let [west, east, depth] = [-1, 0, 0];
    let gap = { from: 0, to: 0 };
    for (let col = 0; col < grid.nCols; col++) {
      depth += changes[col];
      if (depth === 0) continue;
      if (west < 0) west = col;
      else if (col - east > gap.to - gap.from) gap = { from: east, to: col };
      east = col + 1;
    }
    const turn = Math.round(360 / grid.cellWidth);
    if (gap.to - gap.from > turn - (east - west)) [west, east] = [gap.to, gap.from + turn];
    return {
      west: grid.west + west * grid.cellWidth,
      east: grid.west + east * grid.cellWidth,
      north: grid.north - top * grid.cellHeight,
      south: grid.north - bottom * grid.cellHeight,
    };
  }
}
