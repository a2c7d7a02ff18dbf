// The facts shown of a cell, a site, a home, a purchase.

/** @param {number} value @param {number} [digits] At most. @param {number} [least] Digits at least. */
export const number = (value, digits = 0, least = 0) => value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: least });
/** A number of things. @param {number} count @param {string} thing */
export const counted = (count, thing) => `${number(count)} ${thing}${count === 1 ? "" : "s"}`;
/** @param {number} value */
export const short = (value) =>
  value.toLocaleString("en", { maximumSignificantDigits: 3, notation: value === 0 || (value >= 1e-4 && value < 1e6) ? "standard" : "scientific" });
/** @param {...number} degrees */
const angles = (...degrees) => degrees.map((one) => one.toFixed(6));

/** What the countries are called, and what they are: one of them, and several. @typedef {{names: string[], codes: string[], words: [string, string]}} Countries */
/** A heading, and names with values. @typedef {[string, [string, string][]]} Facts */

/**
 * Facts of a cell.
 * @param {import("./grid.js").Cell | null} cell @param {import("./tiles.js").Tiles} tiles
 * @param {import("./raster.js").Weights | null} weights Of these tiles. @param {Countries} countries @param {string} [which] Which weight it is, of two worlds. @returns {Facts}
 */
export function cellFacts(cell, tiles, weights, { names, codes, words }, which = "") {
  if (!cell) return ["Off the grid", []];
  const { grid } = tiles;
  const runs = tiles.runsAt(cell);
  const { lon, lat } = grid.centre(cell);
  const { west, east, south, north } = grid.bounds(cell);
  const areaM2 = grid.areaM2(cell.row);
  /** @type {[string, string][]} */
  const facts = [
    ["Row, column", `${cell.row}, ${cell.col}`],
    ["tile_id", String(grid.tileId(cell))],
    ["Centroid", angles(lat, lon).join(", ")],
    ["Latitudes", angles(south, north).join(" to ")],
    ["Longitudes", angles(west, east).join(" to ")],
    ["Area", areaM2 >= 1e6 ? `${number(areaM2 / 1e6, 4)} km²` : `${number(areaM2, 1)} m²`],
  ];
  for (const run of weights ? runs : []) {
    const country = tiles.countries[run];
    facts.push([`Weight${which}`, weights?.describe(country, tiles.ranks[run] + cell.col - tiles.starts[run], codes[country]) ?? ""]);
  }
  const owners = runs.map((run) => tiles.countries[run]);
  return [owners.map((owner) => `${names[owner]} (${codes[owner]})`).join(" and ") || `No ${words[0]}`, facts];
}

/** Facts of a row: what columns with a label have there. @param {import("./codec.js").Table} table @param {number} i @returns {[string, string][]} */
export function rowFacts(table, i) {
  const facts = Object.entries(table.columns).map(([name, { label = "" }]) => {
    const value = table.value(name, i);
    return [label, name === "tzid" ? localTime(String(value)) : String(value || "")];
  });
  return /** @type {[string, string][]} */ (facts.filter(([label, value]) => label && value));
}

/** Facts of a purchase in the life of a card. @param {import("./lives.js").Lives} lives @param {number} card @param {number} i @returns {Facts} */
export function purchaseFacts(lives, card, i) {
  const trips = lives.trips(card);
  const trip = trips.find(({ to }) => to === i);
  const impossible = trips.filter(({ isImpossible }) => isImpossible).length;
  const purchases = counted(lives.firsts[card + 1] - lives.firsts[card], "purchase");
  const facts = rowFacts(lives.table, i);
  facts.unshift(["When", `${new Date(lives.seconds[i] * 1000).toISOString().replace("T", " ").slice(0, 19)} UTC`]);
  const [high, low] = [lives.table.numbers("high")[i], lives.table.numbers("low")[i]];
  const paid = (high * 2 ** 30 + low) / 1000;
  facts.push(["Paid", `${number(paid, 3, Number.isInteger(paid) ? 0 : 2)} ${lives.table.value("currency", i)}`]);
  if (trip) facts.push(["From previous", `${number(trip.km, 1)} km in ${number(trip.hours, 2)} h${trip.isImpossible ? ": impossible" : ""}`]);
  facts.push(["In total", `${purchases}, ${counted(impossible, "impossible trip")}`]);
  return [`Card ${lives.names[card]}`, facts];
}

/** @param {string} zone Of the tz database. */
function localTime(zone) {
  try {
    const now = new Date().toLocaleString("en-GB", { timeZone: zone || "UTC", weekday: "short", hour: "2-digit", minute: "2-digit" });
    return zone && `${now} now in ${zone}`;
  } catch {
    // A zone that this browser does not know.
    return zone;
  }
}
