// Names of places: searched for, and written on the map where there is room.

/** @typedef {import("./view.js").View} View */

/** A name without case, marks and punctuation, as people type it. @param {string} text */
export function folded(text) {
  /** @type {Record<string, string>} */
  const plain = { ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe", ß: "ss" };
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}|['`.\u2018\u2019\u02bb\u02bc]/gu, "")
    .replace(/[øłđæœß]/g, (letter) => plain[letter])
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/**
 * Write the names of the largest places in view, none over another. @param {CanvasRenderingContext2D} ctx Set up for px of the page.
 * @param {import("./codec.js").Table} places The largest first. @param {View} view In px of the page. @param {{ink: string, halo: string}} theme
 */
export function writePlaces(ctx, places, view, { ink, halo }) {
  const [names, lons, lats] = [places.names("name"), places.numbers("lon"), places.numbers("lat")];
  const most = Math.min(60, Math.round((view.width * view.height) / 16000));
  /** @type {{left: number, y: number, w: number}[]} */
  const boxes = [];
  Object.assign(ctx, { font: "12px system-ui, sans-serif", textBaseline: "middle", lineJoin: "round" });
  Object.assign(ctx, { strokeStyle: halo, fillStyle: ink, lineWidth: 3 });
  for (let i = 0; i < names.length && boxes.length < most; i++) {
    const [x, y] = [view.xOf(view.turned(lons[i])), view.yOf(lats[i])];
    if (x < 0 || x > view.width || y < 0 || y > view.height) continue;
    const w = ctx.measureText(names[i]).width + 26;
    // Right of its dot, or else left of it.
    const left = [x - 6, x - w + 6].find((at) => at > 0 && at + w < view.width + 12 && !boxes.some((box) => Math.abs(box.y - y) < 20 && at < box.left + box.w && box.left < at + w));
    if (left === undefined) continue;
    boxes.push({ left, y, w });
    ctx.beginPath();
    ctx.arc(x, y, 2.2, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.fill();
    const at = left < x - 6 ? left + 14 : x + 6;
    ctx.strokeText(names[i], at, y);
    ctx.fillText(names[i], at, y);
  }
}
