// What people type: coordinates, a tile, a country, a place, a merchant.

import { folded } from "./places.js";

/** @typedef {import("./grid.js").Grid} Grid */
/**
 * @typedef {{kind: "point", text: string, lon: number, lat: number} | {kind: "tile", text: string, id: number}
 *   | {kind: "country", text: string, country: number} | {kind: "place", text: string, place: number}
 *   | {kind: "merchant", text: string, merchant: number} | {kind: "card", text: string, card: number}} Found
 */

const NUMBER = "([-+]?\\d+(?:\\.\\d*)?)";
const POINT = new RegExp(`^\\s*${NUMBER}\\s*[,;\\s]\\s*${NUMBER}\\s*$`);
const MOST = 8;

/**
 * What a text may mean, the likeliest first. @param {string} text
 * @param {{grid: Grid, codes: string[], names: string[], places: import("./places.js").Places | null, merchants: string[], cards: string[]}} among
 * @returns {Found[]}
 */
export function search(text, { grid, codes, names, places, merchants, cards }) {
  /** @type {Found[]} */
  const found = [];
  const point = POINT.exec(text);
  if (point) {
    const [lat, lon] = [Number(point[1]), Number(point[2])];
    if (Math.abs(lat) <= 90 && Math.abs(lon) <= 360) found.push({ kind: "point", text: `latitude ${lat}, longitude ${lon}`, lon, lat });
    return found;
  }
  const tile = /^\s*(?:tile\s*)?(\d+)\s*$/i.exec(text);
  if (tile && grid.cellOf(Number(tile[1]))) found.push({ kind: "tile", text: `tile ${tile[1]}`, id: Number(tile[1]) });
  const wanted = folded(text);
  if (!wanted) return found;
  const exact = codes.indexOf(text.trim().toUpperCase());
  if (exact >= 0) found.push({ kind: "country", text: `${names[exact]} (${codes[exact]})`, country: exact });
  names.forEach((name, country) => {
    if (country !== exact && ` ${folded(name)}`.includes(` ${wanted}`) && found.length < MOST) {
      found.push({ kind: "country", text: `${name} (${codes[country]})`, country });
    }
  });
  for (const place of places ? places.search(text, MOST) : []) {
    if (places) found.push({ kind: "place", text: `${places.names[place]}, ${names[places.countries[place]]}`, place });
  }
  for (let i = 0; i < merchants.length && found.length < 2 * MOST; i++) {
    if (folded(merchants[i]).startsWith(wanted)) found.push({ kind: "merchant", text: `merchant ${merchants[i]}`, merchant: i + 1 });
  }
  for (let i = 0; i < cards.length && found.length < 2 * MOST; i++) {
    if (folded(cards[i]).startsWith(wanted)) found.push({ kind: "card", text: `card ${cards[i]}`, card: i });
  }
  return found.slice(0, 2 * MOST);
}
