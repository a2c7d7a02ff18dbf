// The tiles of a world as runs: whose is a cell.

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
      for (const stop = run + counts[country]; run < stop; run++) {
        this.countries[run] = country;
        this.ranks[run] = this.counts[country];
        this.counts[country] += lengths[run];
      }
      this.firsts[country + 1] = run;
    }
    /** Runs row by row, and where each row begins. */
    this.rowFirsts = new Int32Array(grid.nRows + 1);
    for (const row of rows) this.rowFirsts[row + 1]++;
    for (let row = 0; row < grid.nRows; row++) this.rowFirsts[row + 1] += this.rowFirsts[row];
    const next = this.rowFirsts.slice();
    this.byRow = new Int32Array(rows.length);
    rows.forEach((row, run) => (this.byRow[next[row]++] = run));
  }

  /** @param {Grid} grid @param {{runs: string, rows: string, starts: string, lengths: string}} packed As explore/tiles.py writes it. */
  static async read(grid, packed) {
    const parts = [packed.runs, packed.rows, packed.starts, packed.lengths];
    const [counts, rows, starts, lengths] = await Promise.all(parts.map(unpack));
    let run = 0;
    for (const count of counts) {
      let [row, above, stop] = [0, 0, 0];
      for (let i = 0; i < count; i++, run++) {
        if (i === 0 || rows[run] > 0) above = starts[run] += above;
        else starts[run] += stop;
        row = rows[run] += row;
        stop = starts[run] + lengths[run];
      }
    }
    return new Tiles(grid, counts, rows, starts, lengths);
  }

  /** The runs of a row. @param {number} row */
  inRow = (row) => this.byRow.subarray(this.rowFirsts[row], this.rowFirsts[row + 1]);

  /** @param {Cell | null} cell @returns {number[]} The runs that hold a cell, one for each country that owns it. */
  runsAt(cell) {
    if (cell === null) return [];
    const { row, col } = cell;
    return [...this.inRow(row).filter((run) => this.starts[run] <= col && col < this.starts[run] + this.lengths[run])];
  }
}
