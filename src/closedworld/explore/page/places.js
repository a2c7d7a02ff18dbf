// Names of places: found by their beginnings, and written on the map where there is room.

import { summed, unpack } from "./codec.js";

/** @typedef {import("./view.js").View} View */

/** A name without case, marks and punctuation, as people type it. @param {string} text */
export function folded(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[øłđæœß]/g, (letter) => ({ ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe", ß: "ss" })[letter] ?? letter)
    .replace(/['`.\u2018\u2019\u02bb\u02bc]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

export class Places {
  /** The largest first. @param {string[]} names @param {Int32Array} countries @param {Float64Array} lons @param {Float64Array} lats */
  constructor(names, countries, lons, lats) {
    this.names = names;
    this.countries = countries;
    this.lons = lons;
    this.lats = lats;
    this.keys = names.map(folded);
  }

  /** @param {any} packed As explore/places.py writes it. */
  static async read(packed) {
    const [countries, lons, lats] = await Promise.all([packed.countries, packed.lons, packed.lats].map(unpack));
    const degrees = (/** @type {Int32Array} */ steps) => Float64Array.from(summed(steps), (step) => step * packed.degrees);
    return new Places(packed.names ? packed.names.split("\n") : [], countries, degrees(lons), degrees(lats));
  }

  /** Numbers of the places whose name begins as a text does, the largest first. @param {string} text @param {number} most */
  search(text, most) {
    const wanted = folded(text);
    /** @type {number[]} */
    const found = [];
    for (let i = 0; wanted && i < this.keys.length && found.length < most; i++) {
      if (this.keys[i].startsWith(wanted)) found.push(i);
    }
    return found;
  }

  /**
   * Write the names of the largest places in view, none over another. @param {CanvasRenderingContext2D} ctx Set up for px of the page.
   * @param {View} view In px of the page. @param {{ink: string, halo: string}} theme
   */
  write(ctx, view, theme) {
    const most = Math.min(60, Math.round((view.width * view.height) / 16000));
    /** @type {{x: number, y: number, w: number}[]} */
    const boxes = [];
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    for (let i = 0; i < this.names.length && boxes.length < most; i++) {
      const x = view.xOf(view.turned(this.lons[i]));
      const y = view.yOf(this.lats[i]);
      if (x < 0 || x > view.width || y < 0 || y > view.height) continue;
      const w = ctx.measureText(this.names[i]).width + 12;
      if (boxes.some((box) => Math.abs(box.y - y) < 20 && x < box.x + box.w + 14 && box.x < x + w + 14)) continue;
      boxes.push({ x, y, w });
      ctx.strokeStyle = theme.halo;
      ctx.fillStyle = theme.ink;
      ctx.lineWidth = 3;
      ctx.beginPath();
      ctx.arc(x, y, 2.2, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.fill();
      ctx.strokeText(this.names[i], x + 6, y);
      ctx.fillText(this.names[i], x + 6, y);
    }
  }
}
