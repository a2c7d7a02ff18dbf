// The lives of cards: a path from purchase to purchase, and trips that nobody can make.

import { near, RADIANS } from "./view.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {{from: number, to: number, km: number, hours: number, isImpossible: boolean}} Trip */

const FLIGHT_KM_H = 900;
const EARTH_KM = 6371.0088;

export class Lives {
  /** @param {string[]} names Of cards. @param {import("./codec.js").Table} table Purchases, card by card. */
  constructor(names, table) {
    this.names = names;
    this.table = table;
    this.lons = table.numbers("lon");
    this.lats = table.numbers("lat");
    this.seconds = table.numbers("second");
    /** First purchase of each card, and their number. */
    this.firsts = new Int32Array(names.length + 1);
    for (const card of table.numbers("card")) this.firsts[card + 1]++;
    for (let card = 0; card < names.length; card++) this.firsts[card + 1] += this.firsts[card];
  }

  /** Numbers of the purchases of a card that have a place. @param {number} card */
  placed(card) {
    const [first, stop] = [this.firsts[card], this.firsts[card + 1]];
    const every = Array.from({ length: stop - first }, (_, i) => first + i);
    return every.filter((i) => Math.abs(this.lats[i]) <= 90);
  }

  /** Trips of a card between one purchase with a place and the next. @param {number} card @returns {Trip[]} */
  trips(card) {
    const placed = this.placed(card);
    return placed.slice(1).map((to, before) => {
      const from = placed[before];
      const km = kilometres(this.lons[from], this.lats[from], this.lons[to], this.lats[to]);
      const hours = (this.seconds[to] - this.seconds[from]) / 3600;
      return { from, to, km, hours, isImpossible: km > FLIGHT_KM_H * hours };
    });
  }

  /** Cards with impossible trips, most of them first. @param {number} most */
  suspicious(most) {
    const counts = this.names.map((_, card) => ({ card, count: this.trips(card).filter((trip) => trip.isImpossible).length }));
    return counts.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count).slice(0, most);
  }

  /** Draw a life up to a time. @param {CanvasRenderingContext2D} ctx @param {View} view @param {number} card @param {number} until @param {{ink: string, halo: string, mark: string}} colours */
  draw(ctx, view, card, until, { ink, halo, mark }) {
    const seen = this.trips(card).filter((trip) => this.seconds[trip.to] <= until);
    for (const isImpossible of [false, true]) {
      ctx.beginPath();
      for (const { from, to } of seen.filter((trip) => trip.isImpossible === isImpossible)) {
        const start = view.turned(this.lons[from]);
        ctx.moveTo(view.xOf(start), view.yOf(this.lats[from]));
        ctx.lineTo(view.xOf(near(this.lons[to], start)), view.yOf(this.lats[to]));
      }
      ctx.strokeStyle = isImpossible ? mark : ink;
      ctx.lineWidth = isImpossible ? 2.5 : 1.2;
      ctx.stroke();
    }
    const bought = this.placed(card).filter((i) => this.seconds[i] <= until);
    bought.forEach((i, at) => {
      ctx.beginPath();
      ctx.arc(view.xOf(view.turned(this.lons[i])), view.yOf(this.lats[i]), at === bought.length - 1 ? 8 : 3.5, 0, 2 * Math.PI);
      ctx.fillStyle = this.table.value("fraud_type", i) ? mark : ink;
      ctx.strokeStyle = halo;
      ctx.lineWidth = 1.5;
      ctx.fill();
      ctx.stroke();
    });
  }
}

/** Along a great circle. @param {number} lonA @param {number} latA @param {number} lonB @param {number} latB Degrees. */
export function kilometres(lonA, latA, lonB, latB) {
  const [north, east] = [latB - latA, lonB - lonA].map((degrees) => Math.sin((degrees * RADIANS) / 2) ** 2);
  const chord = north + Math.cos(latA * RADIANS) * Math.cos(latB * RADIANS) * east;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}
