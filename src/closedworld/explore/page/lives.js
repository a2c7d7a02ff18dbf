// The lives of cards: a path from purchase to purchase, and trips that nobody can make.

import { summed, unpack } from "./codec.js";
import { readTexts } from "./points.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {{from: number, to: number, km: number, isImpossible: boolean}} Trip */

const FLIGHT_KM_H = 900;
const ROOM = 0.05;
const EARTH_KM = 6371.0088;
const RADIANS = Math.PI / 180;

export class Lives {
  /**
   * @param {string[]} names Of cards. @param {Int32Array} sizes Purchases of each. @param {number} degrees
   * @param {Int32Array} seconds @param {Int32Array} lons @param {Int32Array} lats
   */
  constructor(names, sizes, degrees, seconds, lons, lats) {
    this.names = names;
    this.degrees = degrees;
    this.seconds = seconds;
    this.lons = lons;
    this.lats = lats;
    /** First purchase of each card, and their number. */
    this.firsts = new Int32Array(sizes.length + 1);
    sizes.forEach((size, card) => (this.firsts[card + 1] = this.firsts[card] + size));
    /** In the currency of each. */
    this.amounts = new Float64Array(seconds.length);
    /** @type {Record<string, import("./points.js").Texts>} */
    this.texts = {};
  }

  /** @param {any} packed As explore/lives.py writes it. */
  static async read(packed) {
    const [sizes, seconds, lons, lats, high, low] = await Promise.all(["sizes", "seconds", "lons", "lats", "high", "low"].map((name) => unpack(packed[name])));
    const lives = new Lives(packed.names, sizes, packed.degrees, summed(seconds), summed(lons), summed(lats));
    lives.amounts = Float64Array.from(high, (value, i) => (value * 2 ** 30 + low[i]) / 1000);
    lives.texts = await readTexts(packed.texts);
    return lives;
  }

  /** Degrees; null for a purchase without a place. @param {number} i */
  placeOf(i) {
    const lat = this.lats[i] * this.degrees;
    return Math.abs(lat) > 90 ? null : { lon: this.lons[i] * this.degrees, lat };
  }

  /** Trips of a card between one purchase with a place and the next. @param {number} card @returns {Trip[]} */
  trips(card) {
    const trips = [];
    for (let to = this.firsts[card], from = -1; to < this.firsts[card + 1]; to++) {
      const there = this.placeOf(to);
      if (!there) continue;
      const here = from < 0 ? null : this.placeOf(from);
      if (here) {
        const km = kilometres(here, there);
        const hours = (this.seconds[to] - this.seconds[from]) / 3600;
        trips.push({ from, to, km, isImpossible: km > FLIGHT_KM_H * hours });
      }
      from = to;
    }
    return trips;
  }

  /** Where a life takes place, with some room around; null for one without a place. @param {number} card */
  boundsOf(card) {
    let [west, east, south, north, near] = [Infinity, -Infinity, Infinity, -Infinity, NaN];
    for (let i = this.firsts[card]; i < this.firsts[card + 1]; i++) {
      const place = this.placeOf(i);
      if (!place) continue;
      if (Number.isNaN(near)) near = place.lon;
      // As seen from the first place, so that a life across the antimeridian stays together.
      const lon = place.lon - 360 * Math.round((place.lon - near) / 360);
      [west, east, south, north] = [Math.min(west, lon), Math.max(east, lon), Math.min(south, place.lat), Math.max(north, place.lat)];
    }
    return Number.isNaN(near) ? null : { west: west - ROOM, east: east + ROOM, south: south - ROOM, north: north + ROOM };
  }

  /** Cards with impossible trips, most of them first. @param {number} most */
  suspicious(most) {
    const counts = this.names.map((_, card) => ({ card, count: this.trips(card).filter((trip) => trip.isImpossible).length }));
    return counts.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count || a.card - b.card).slice(0, most);
  }

  /** Draw a life up to a time. @param {CanvasRenderingContext2D} ctx @param {View} view @param {number} card @param {number} until @param {{ink: string, halo: string, red: string}} colours */
  draw(ctx, view, card, until, { ink, halo, red }) {
    const xy = (/** @type {number} */ i, /** @type {number} */ near) => {
      const { lon, lat } = /** @type {{lon: number, lat: number}} */ (this.placeOf(i));
      return { x: view.xOf(lon + 360 * Math.round((near - lon) / 360)), y: view.yOf(lat) };
    };
    const seen = this.trips(card).filter((trip) => this.seconds[trip.to] <= until);
    for (const isImpossible of [false, true]) {
      ctx.beginPath();
      for (const trip of seen.filter((one) => one.isImpossible === isImpossible)) {
        const start = view.turned(this.lons[trip.from] * this.degrees);
        const [a, b] = [xy(trip.from, start), xy(trip.to, start)];
        ctx.moveTo(a.x, a.y);
        ctx.lineTo(b.x, b.y);
      }
      ctx.strokeStyle = isImpossible ? red : ink;
      ctx.lineWidth = isImpossible ? 2.5 : 1.2;
      ctx.stroke();
    }
    let last = -1;
    for (let i = this.firsts[card]; i < this.firsts[card + 1] && this.seconds[i] <= until; i++) {
      if (!this.placeOf(i)) continue;
      last = i;
      dot(ctx, xy(i, view.lon), 3.5, this.texts.fraud_type?.at(i) ? red : ink, halo);
    }
    if (last >= 0) dot(ctx, xy(last, view.lon), 8, ink, halo);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number}} at @param {number} radius @param {string} fill @param {string} halo */
function dot(ctx, { x, y }, radius, fill, halo) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.strokeStyle = halo;
  ctx.lineWidth = 1.5;
  ctx.fill();
  ctx.stroke();
}

/** Along a great circle. @param {{lon: number, lat: number}} a @param {{lon: number, lat: number}} b */
export function kilometres(a, b) {
  const [north, east] = [Math.sin(((b.lat - a.lat) * RADIANS) / 2), Math.sin(((b.lon - a.lon) * RADIANS) / 2)];
  const chord = north * north + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * east * east;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}
