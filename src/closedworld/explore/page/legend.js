// What the colours mean: the legend, and the categories of sites.

import { css, POINTS, rampPixels, SIDES, THEMES } from "./colours.js";
import { checkbox, isolated, made, radios, swatch } from "./dom.js";
import { counted, number, short } from "./facts.js";

/** @typedef {import("./points.js").Points} Points */

export const RAMP_LEVELS = 256;

/**
 * What is to be read beside the map. @param {{mode: string, byWeight: boolean}} state @param {import("./raster.js").Weights | null} weights
 * @param {[string, string]} words For a country, and several. @param {boolean} isDark @param {boolean} isOfTwo @param {() => void} then When the scale has changed.
 */
export function legend({ mode, byWeight }, weights, [one, many], isDark, isOfTwo, then) {
  if (mode === "differences") {
    return [made("p", { className: "muted" }, ...SIDES.flatMap((side, i) => [swatch(css(side)), ` tiles that a country has in ${"AB"[i]} alone `]))];
  }
  if (!byWeight || !weights || mode === "b") {
    const text = `Neighbouring ${many} have different colours; where tiles cover a pixel in part, the sea shows through. Tiles of two ${many} are a mixture.`;
    return [made("p", { className: "muted" }, byWeight ? `The page has weights of world A alone. ${text}` : text)];
  }
  const bar = made("canvas", { width: RAMP_LEVELS, height: 1 });
  const image = new ImageData(RAMP_LEVELS, 1);
  new Uint32Array(image.data.buffer).set(rampPixels(isDark, RAMP_LEVELS));
  /** @type {CanvasRenderingContext2D} */ (bar.getContext("2d")).putImageData(image, 0, 0);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => {
    const tick = made("span", {}, short(weights.isLinear ? at * 10 ** weights.highest : 10 ** (weights.lowest + at * (weights.highest - weights.lowest))));
    tick.style.left = `${at * 100}%`;
    return tick;
  });
  const unit = weights.isPeople ? "People per km²" : `Share of the ${one}'s weight per km², by ${weights.basis}`;
  const blocks = weights.block === 1 ? "single tiles" : `blocks of ${weights.block} × ${weights.block} tiles`;
  const cells = weights.cells.size ? `; from near, single tiles for ${counted(weights.cells.size, one, many)}` : "";
  const text = `${isOfTwo ? "World A: " : ""}${unit}, mean over ${blocks}${cells}. `;
  const scales = radios("scale", [["log", "logarithmic"], ["linear", "linear"]], weights.isLinear ? "linear" : "log", (value) => {
    weights.isLinear = value === "linear";
    then();
  });
  const none = swatch(css(THEMES[isDark ? "dark" : "light"].none));
  return [bar, made("div", { className: "ticks" }, ...ticks), made("p", { className: "muted" }, text, none, " no weight"), made("div", { className: "choices" }, ...scales)];
}

/** Categories of points by frequency, and the colour of each number: the most frequent ones have colours of their own. @param {Points | null} points */
export function categoriesOf(points) {
  /** @type {import("./colours.js").Rgb[]} */
  const colours = [];
  if (!points) return { colours, listed: [] };
  const { names, numbers } = points.groups;
  const counts = new Array(names.length + 1).fill(0);
  for (const value of numbers) counts[value]++;
  const listed = counts
    .map((count, value) => ({ number: value, count, name: value ? names[value - 1] : "no category" }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  listed.forEach(({ number: value }, i) => (colours[value] = POINTS[Math.min(i, POINTS.length - 1)]));
  for (let value = 0; value < counts.length; value++) colours[value] ??= POINTS[POINTS.length - 1];
  return { colours, listed };
}

/** Boxes that show and hide categories. @param {Points} points @param {ReturnType<typeof categoriesOf>} categories @param {() => void} then */
export function categoryBoxes(points, { colours, listed }, then) {
  return listed.map(({ number: value, count, name }) => {
    const show = (/** @type {boolean} */ isShown) => {
      if (isShown) points.hidden.delete(value);
      else points.hidden.add(value);
      then();
    };
    return checkbox(!points.hidden.has(value), show, swatch(css(colours[value])), isolated(name), made("span", { className: "count" }, number(count)));
  });
}
