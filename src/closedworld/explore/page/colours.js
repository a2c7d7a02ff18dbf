// Colours of countries, weights and points, for a light and a dark page.

/** @typedef {[number, number, number]} Rgb */

/** @type {Record<"light" | "dark", {sea: Rgb, off: Rgb, none: Rgb, line: string, ink: string, halo: string, accent: Rgb, countries: Rgb[]}>} */
export const THEMES = {
  light: {
    sea: [222, 232, 236], off: [244, 243, 238], none: [201, 199, 191], line: "rgba(40,48,60,.62)", ink: "#222c3a",
    halo: "rgba(252,251,247,.85)", accent: [200, 40, 60],
    countries: [[59, 149, 155], [235, 183, 78], [184, 87, 48], [70, 76, 132], [194, 180, 138]],
  },
  dark: {
    sea: [24, 33, 42], off: [14, 18, 23], none: [70, 74, 80], line: "rgba(240,240,230,.5)", ink: "#eceae3",
    halo: "rgba(16,20,26,.8)", accent: [255, 110, 110],
    countries: [[48, 122, 128], [176, 138, 62], [146, 76, 48], [92, 98, 160], [120, 112, 88]],
  },
};

/** @type {Rgb[]} From light to heavy; lightness changes evenly. */
export const RAMP = [[252, 238, 190], [240, 188, 92], [203, 108, 62], [136, 49, 74], [48, 22, 62]];

/** @type {Rgb[]} Of points; the first is for all, or for what comes after the others. */
export const POINTS = [
  [201, 35, 86], [0, 114, 178], [0, 158, 115], [213, 94, 0], [117, 70, 160], [86, 180, 233], [160, 120, 0],
  [90, 90, 90],
];

/** @type {Rgb} Of homes. */
export const HOMES = [104, 96, 214];

/** @type {Rgb[]} In the first world alone, in the second alone. */
export const SIDES = [[213, 94, 0], [0, 114, 178]];

/** @param {Rgb} rgb */
export function css([r, g, b]) {
  return `rgb(${r},${g},${b})`;
}

/** @param {Rgb} rgb As a pixel of a Uint32Array on little-endian machines. */
export function pixel([r, g, b]) {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @param {Rgb} a @param {Rgb} b @param {number} share Of b. */
export function mixed(a, b, share) {
  return /** @type {Rgb} */ (a.map((value, c) => Math.round(value + (b[c] - value) * share)));
}

/** The ramp as pixels, from light to heavy; in the dark the other way round. @param {boolean} isDark @param {number} levels */
export function rampPixels(isDark, levels) {
  const stops = isDark ? [...RAMP].reverse() : RAMP;
  return Uint32Array.from({ length: levels }, (_, i) => {
    const at = (i / (levels - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    return pixel(mixed(stops[low], stops[low + 1], at - low));
  });
}
