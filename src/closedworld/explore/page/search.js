// What people type: coordinates, a tile, or the name of a country, a place, a merchant, a card.

import { folded } from "./places.js";

/** @typedef {{texts: string[], keys: string[]}} Named What is shown, and what is searched. */
/** @typedef {{kind: string, text: string, at: number, lon: number, lat: number}} Found A number among those named, or a point. */

const NUMBER = "([-+]?\\d+(?:\\.\\d*)?)";
const POINT = new RegExp(`^\\s*${NUMBER}\\s*[,;\\s]\\s*${NUMBER}\\s*$`);
const MOST = 6;

/** @param {string[]} texts @param {string[]} [names] What is searched, if it is not what is shown. @returns {Named} */
export const named = (texts, names = texts) => ({ texts, keys: names.map(folded) });

/**
 * What a text may mean, the likeliest first. @param {string} text @param {import("./grid.js").Grid} grid
 * @param {Record<string, Named>} among By kind. @returns {Found[]}
 */
export function search(text, grid, among) {
  const point = POINT.exec(text);
  if (point) {
    const [lat, lon] = [Number(point[1]), Number(point[2])];
    const isOnGlobe = Math.abs(lat) <= 90 && Math.abs(lon) <= 360;
    return isOnGlobe ? [{ kind: "point", text: `latitude ${lat}, longitude ${lon}`, at: -1, lon, lat }] : [];
  }
  /** @type {Found[]} */
  const found = [];
  const [, id = ""] = /^\s*(?:tile\s*)?(\d+)\s*$/i.exec(text) ?? [];
  const cell = id ? grid.cellOf(Number(id)) : null;
  if (cell) found.push({ kind: "point", text: `tile ${id}`, at: -1, ...grid.centre(cell) });
  const wanted = folded(text);
  if (!wanted) return found;
  for (const [kind, { texts, keys }] of Object.entries(among)) {
    const hits = [...keys.keys()].filter((i) => ` ${keys[i]}`.includes(` ${wanted}`));
    hits.sort((a, b) => Number(keys[b].startsWith(wanted)) - Number(keys[a].startsWith(wanted)));
    found.push(...hits.slice(0, MOST).map((at) => ({ kind, text: texts[at], at, lon: NaN, lat: NaN })));
  }
  return found;
}
