// Selections as CSV.

/** @param {unknown[][]} rows */
function csv(rows) {
  const quoted = (/** @type {unknown} */ value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

/** The points that are shown, with all that is known of them. @param {import("./points.js").Points} points */
export function pointsCsv({ table, owners, isShown }) {
  const head = Object.keys(table.columns);
  const rows = [...owners.keys()].filter((i) => isShown(i));
  return csv([head, ...rows.map((i) => head.map((name) => table.value(name, i)))]);
}

/** The tiles of a country. @param {import("./tiles.js").Tiles} tiles @param {number} country @param {string} code */
export function tilesCsv({ grid, firsts, rows, starts, lengths }, country, code) {
  /** @type {unknown[][]} */
  const lines = [["country_iso", "tile_id", "raster_row", "raster_col", "centroid_lon", "centroid_lat"]];
  for (let run = firsts[country]; run < firsts[country + 1]; run++) {
    for (let col = starts[run]; col < starts[run] + lengths[run]; col++) {
      const cell = { row: rows[run], col };
      const { lon, lat } = grid.centre(cell);
      lines.push([code, grid.tileId(cell), cell.row, col, lon, lat]);
    }
  }
  return csv(lines);
}
