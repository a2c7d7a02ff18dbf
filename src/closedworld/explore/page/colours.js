// Colours, as the style sheet has them for a light and a dark page.

/** @typedef {[number, number, number]} Rgb */
/** @typedef {ReturnType<typeof readTheme>} Theme */

/** Read the colours that are in force. */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const text = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const list = (/** @type {string} */ name) => text(name).split(/[\s,]+/).map(rgb);
  const [sea, off, none, homes] = ["sea", "paper", "none", "homes"].map((name) => rgb(text(name)));
  const [ink, halo, border, lattice, mark] = ["ink", "halo", "border", "lattice", "mark"].map(text);
  const [countries, ramp, points, sides] = ["countries", "ramp", "points", "sides"].map(list);
  return { sea, off, none, homes, ink, halo, border, lattice, mark, countries, ramp, points, sides };
}

/** @param {string} hex Such as #c92356. @returns {Rgb} */
function rgb(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {Rgb} rgb As a pixel of a Uint32Array on little-endian machines. */
export const pixel = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** @param {Rgb} a @param {Rgb} b @param {number} share Of b. */
export const mixed = (a, b, share) => /** @type {Rgb} */ (a.map((value, c) => Math.round(value + (b[c] - value) * share)));

/** Pixels along a ramp. @param {Rgb[]} stops @param {number} levels */
export function rampPixels(stops, levels) {
  return Uint32Array.from({ length: levels }, (_, i) => {
    const at = (i / (levels - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    return pixel(mixed(stops[low], stops[low + 1], at - low));
  });
}
