// The facts shown of a cell, a site, a home, a purchase.

/** @param {number} value @param {number} [digits] */
export const number = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });
/** A number of things. @param {number} count @param {string} one @param {string} many */
export const counted = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;
/** @param {string} word */
export const capital = (word) => word[0].toUpperCase() + word.slice(1);
/** @param {number} value */
export const short = (value) => (value === 0 ? "0" : value >= 1e-3 && value < 1e6 ? value.toLocaleString("en", { maximumSignificantDigits: 3 }) : value.toExponential(1));
/** @param {number} degrees */
const angle = (degrees) => degrees.toFixed(6);

/** What the countries are called, and what they are: one of them, and several. @typedef {{names: string[], codes: string[], words: [string, string]}} Countries */
/** A heading, and names with values. @typedef {[string, [string, string][]]} Facts */

/**
 * Facts of a cell.
 * @param {import("./grid.js").Cell | null} cell @param {import("./tiles.js").Tiles} tiles
 * @param {import("./raster.js").Weights | null} weights Of these tiles. @param {Countries} countries @returns {Facts}
 */
export function cellFacts(cell, tiles, weights, { names, codes, words }) {
  if (!cell) return ["Off the grid", []];
  const { grid } = tiles;
  const runs = tiles.runsAt(cell);
  const owners = runs.map((run) => tiles.countries[run]);
  const { lon, lat } = grid.centre(cell);
  const { west, east, south, north } = grid.bounds(cell);
  const areaM2 = grid.areaM2(cell.row);
  /** @type {[string, string][]} */
  const facts = [
    ["Row, column", `${cell.row}, ${cell.col}`],
    ["tile_id", String(grid.tileId(cell))],
    ["Centroid", `${angle(lat)}, ${angle(lon)}`],
    ["Latitudes", `${angle(south)} to ${angle(north)}`],
    ["Longitudes", `${angle(west)} to ${angle(east)}`],
    ["Area", areaM2 >= 1e6 ? `${number(areaM2 / 1e6, 4)} km²` : `${number(areaM2, 1)} m²`],
  ];
  if (weights) {
    for (const run of runs) {
      const country = tiles.countries[run];
      const weight = weights.weightOf(country, tiles.ranks[run] + cell.col - tiles.starts[run]);
      const people = weights.isPeople && weight !== null ? ` · ${short(weight * weights.scales[country])} people` : "";
      const share = weight === null ? "not in this page for" : `${short((weight / weights.total) * 100)}% of`;
      facts.push([owners.length > 1 ? `Weight, ${codes[country]}` : "Weight", `${share} ${codes[country]}${people}`]);
    }
  }
  const title = owners.map((owner) => `${names[owner]} (${codes[owner]})`).join(" and ");
  return [title || `No ${words[0]}`, facts];
}

/** Facts of a site. @param {import("./points.js").Points} all @param {number} i @param {Countries} countries @returns {Facts} */
export function siteFacts(all, i, { names }) {
  const text = (/** @type {string} */ name) => all.texts[name].at(i);
  /** @type {[string, string][]} */
  const facts = [
    ["Merchant", text("merchant_id")],
    ["Outlet", `number ${all.numbers.orders[i]} in ${names[all.numbers.countries[i]]}`],
    ["Category", text("category") + (all.numbers.mccs[i] ? ` (MCC ${all.numbers.mccs[i]})` : "")],
    ["Place", [text("place"), text("admin1")].filter(Boolean).join(", ")],
    ["Lies in", { core: "the core of a town", town: "or around a town", rural: "the countryside" }[text("urban")] ?? text("urban")],
    ["Local time", localTime(text("tzid"))],
    ["Latitude, longitude", `${(all.lats[i] * all.degrees).toFixed(5)}, ${(all.lons[i] * all.degrees).toFixed(5)}`],
    ["Precision", text("precision")],
  ];
  return [`Site of ${text("merchant_id")}`, facts.filter(([, value]) => value)];
}

/** Facts of the home of a card holder. @param {import("./points.js").Points} all @param {number} i @param {Countries} countries @returns {Facts} */
export function homeFacts(all, i, { names }) {
  const text = (/** @type {string} */ name) => all.texts[name].at(i);
  return [`Home of ${text("card_id")}`, [["Country", names[all.numbers.countries[i]]], ["Place", [text("place"), text("admin1")].filter(Boolean).join(", ")], ["Local time", localTime(text("tzid"))]]];
}

/** Facts of a purchase in the life of a card. @param {import("./lives.js").Lives} lives @param {number} card @param {number} i @returns {Facts} */
export function purchaseFacts(lives, card, i) {
  const text = (/** @type {string} */ name) => lives.texts[name].at(i);
  const trips = lives.trips(card);
  const trip = trips.find(({ to }) => to === i);
  const impossible = trips.filter(({ isImpossible }) => isImpossible).length;
  /** @type {[string, string][]} */
  const facts = [
    ["When", `${new Date(lives.seconds[i] * 1000).toISOString().replace("T", " ").slice(0, 19)} UTC`],
    ["Paid", `${number(lives.amounts[i], 3)} ${text("currency")} · ${text("channel")} · ${text("category")}`],
    ["Merchant", text("merchant_id")],
    ["From previous", trip ? `${number(trip.km, 1)} km in ${number((lives.seconds[trip.to] - lives.seconds[trip.from]) / 3600, 2)} h${trip.isImpossible ? ": impossible" : ""}` : ""],
    ["Truth", [text("fraud_type") && `fraud: ${text("fraud_type")}`, text("hard_negative")].filter(Boolean).join(", ")],
    ["In total", `${counted(lives.firsts[card + 1] - lives.firsts[card], "purchase", "purchases")}, ${counted(impossible, "impossible trip", "impossible trips")}`],
  ];
  return [`Card ${lives.names[card]}`, facts.filter(([, value]) => value)];
}

/** @param {string} zone Of the tz database. */
function localTime(zone) {
  try {
    return zone && `${new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit" }).format()} now in ${zone}`;
  } catch {
    // A zone that this browser does not know.
    return zone;
  }
}
