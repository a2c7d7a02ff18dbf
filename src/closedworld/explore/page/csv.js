// Selections as CSV.

/** @param {unknown[]} values */
function line(values) {
  return values.map((value) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value))).join(",");
}

/** The outlets that are shown. @param {import("./points.js").Points} points @param {string[]} codes Of countries. */
export function outletsCsv(points, codes) {
  const lines = ["merchant_id,country_iso,site_order,lon,lat,category,tzid,place,admin1"];
  for (let i = 0; i < points.count; i++) {
    if (!points.isShown(i)) continue;
    const text = (/** @type {string} */ name) => points.texts[name].at(i);
    const [lon, lat] = [points.lons[i] * points.degrees, points.lats[i] * points.degrees].map((value) => value.toFixed(5));
    const { countries, orders } = points.numbers;
    lines.push(line([text("merchant_id"), codes[countries[i]], orders[i], lon, lat, ...["category", "tzid", "place", "admin1"].map(text)]));
  }
  return `${lines.join("\n")}\n`;
}

/** The tiles of a country. @param {import("./tiles.js").Tiles} tiles @param {number} country @param {string} code */
export function tilesCsv(tiles, country, code) {
  const { grid, firsts, rows, starts, lengths } = tiles;
  const lines = ["country_iso,tile_id,raster_row,raster_col,centroid_lon,centroid_lat"];
  for (let run = firsts[country]; run < firsts[country + 1]; run++) {
    for (let i = 0; i < lengths[run]; i++) {
      const cell = { row: rows[run], col: starts[run] + i };
      const { lon, lat } = grid.centre(cell);
      lines.push(line([code, grid.tileId(cell), cell.row, cell.col, lon, lat]));
    }
  }
  return `${lines.join("\n")}\n`;
}
