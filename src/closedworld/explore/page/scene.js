// What is drawn: tiles and points in slices, and over them borders, names and what is chosen.

import { css, HOMES, mixed, pixel, rampPixels, SIDES, THEMES } from "./colours.js";
import { RAMP_LEVELS } from "./legend.js";
import { paintTiles } from "./raster.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./tiles.js").Tiles} Tiles */
/**
 * What is chosen: ``country``, ``site`` and ``card`` are numbers, -1 for none; ``cut`` is where the second world begins, as a share of the width.
 * @typedef {{mode: string, byWeight: boolean, cut: number, country: number, cell: import("./grid.js").Cell | null, site: number, showsHomes: boolean,
 *   card: number, until: number, isPinned: boolean, movedAt: number, isDue: boolean}} State
 */
/**
 * @typedef {{grid: import("./grid.js").Grid, colours: number[], worlds: Tiles[], differences: Tiles | null, borders: import("./borders.js").Borders | null,
 *   places: import("./places.js").Places, points: Points | null, homes: Points | null, lives: import("./lives.js").Lives | null,
 *   weights: import("./raster.js").Weights | null, categories: {colours: import("./colours.js").Rgb[]}, view: View, state: State, dark: {matches: boolean}}} Scene
 */

const GRID_LINES_PX = 7;
const FEW_POINTS = 5000;

/** @param {Scene} scene */
const themeOf = ({ dark }) => THEMES[dark.matches ? "dark" : "light"];

/** Radius of the dots of points, px of the page. @param {Scene} scene */
export function radius({ view, points }) {
  const near = Math.log2(view.scale / view.least);
  const least = points && points.count < FEW_POINTS ? 1.5 : 0.5;
  return Math.min(5, Math.max(least, near / 2) + (points && points.merchant ? 1.5 : 0));
}

/** Paint tiles and points. @param {Scene} scene @param {import("./raster.js").Picture} picture @param {View} own In its px. @param {boolean} isWorld */
export function* paintScene(scene, picture, own, isWorld) {
  const { state, worlds, differences, weights, points, homes, view, dark, colours } = scene;
  const whole = { from: 0, to: own.width };
  const palette = themeOf(scene);
  // Paler where there is something to see before them.
  const pale = palette.countries.map((colour) => mixed(colour, palette.off, points ? 0.55 : state.country >= 0 ? 0.35 : 0));
  const ofCountry = colours.map((colour, i) => (i === state.country ? palette.countries : pale)[colour]);
  const cut = state.mode === "swipe" ? (isWorld ? 0 : Math.round(state.cut * own.width)) : state.mode === "b" ? 0 : own.width;
  const first = { from: 0, to: cut };
  if (state.mode === "differences" && differences) {
    yield* paintTiles(picture, own, worlds[0], colours.map(() => palette.none), palette, whole);
    const over = new Uint32Array(picture.pixels.length);
    yield* paintTiles({ ...picture, pixels: over }, own, differences, SIDES, { sea: palette.none, off: palette.none }, whole);
    const none = pixel(palette.none);
    for (let i = 0; i < over.length; i++) if (over[i] !== none) picture.pixels[i] = over[i];
  } else {
    const recolour = state.byWeight && weights ? weights.painter(own, rampPixels(dark.matches, RAMP_LEVELS), pixel(palette.none)) : undefined;
    if (cut > 0) yield* paintTiles(picture, own, worlds[0], ofCountry, palette, first, recolour);
    if (cut < own.width) yield* paintTiles(picture, own, worlds[1] ?? worlds[0], ofCountry, palette, { from: cut, to: own.width });
  }
  const dots = isWorld ? 0.5 : radius(scene) * (own.width / view.width);
  if (homes && state.showsHomes && state.card < 0) yield* homes.paint(picture, own, [HOMES], palette.off, dots, first);
  // The life of a card is shown by itself.
  if (points && state.card < 0) yield* points.paint(picture, own, scene.categories.colours, palette.off, dots, first);
}

/** Draw borders, lines between tiles, names and what is chosen. @param {Scene} scene @param {CanvasRenderingContext2D} to @param {boolean} isMoving */
export function drawLines(scene, to, isMoving) {
  const { grid, view, state, borders, places, points, lives } = scene;
  const theme = themeOf(scene);
  const px = view.scale * grid.cellWidth;
  if (px >= GRID_LINES_PX) drawLattice(scene, to);
  if (borders) {
    to.beginPath();
    borders.trace(to, view, isMoving ? 2 : 0.7);
    to.strokeStyle = theme.line;
    // Lines of one px are drawn many times as fast as wider ones.
    to.lineWidth = px > 8 && !isMoving ? 1.4 : 1 / (devicePixelRatio || 1);
    to.lineJoin = "bevel";
    to.stroke();
  }
  if (!isMoving) places.write(to, view, theme);
  to.strokeStyle = css(theme.accent);
  to.lineWidth = 2.5;
  if (state.cell && state.isPinned) {
    const { west, east, north, south } = grid.bounds(state.cell);
    const x = view.xOf(view.turned((west + east) / 2)) - px / 2;
    to.strokeRect(x, view.yOf(north), Math.max(4, px), Math.max(4, (north - south) * view.scaleY));
  }
  if (points && state.site >= 0) {
    to.beginPath();
    to.arc(view.xOf(view.turned(points.lons[state.site] * points.degrees)), view.yOf(points.lats[state.site] * points.degrees), 9, 0, 2 * Math.PI);
    to.stroke();
  }
  if (lives && state.card >= 0) lives.draw(to, view, state.card, state.until, { ...theme, red: css(theme.accent) });
  if (state.mode === "swipe") {
    to.fillStyle = theme.ink;
    to.fillRect(state.cut * view.width - 1, 0, 2, view.height);
  }
}

/** Lines between tiles. @param {Scene} scene @param {CanvasRenderingContext2D} to */
function drawLattice({ grid, view, dark }, to) {
  to.beginPath();
  for (let col = Math.floor((view.west - grid.west) / grid.cellWidth); view.xOf(grid.west + col * grid.cellWidth) < view.width; col++) {
    const x = view.xOf(grid.west + col * grid.cellWidth);
    to.moveTo(x, 0);
    to.lineTo(x, view.height);
  }
  for (let row = Math.max(0, Math.floor((grid.north - view.north) / grid.cellHeight)); row <= grid.nRows; row++) {
    const y = view.yOf(grid.north - row * grid.cellHeight);
    if (y > view.height) break;
    to.moveTo(0, y);
    to.lineTo(view.width, y);
  }
  to.strokeStyle = dark.matches ? "rgba(0,0,0,.35)" : "rgba(255,255,255,.45)";
  to.lineWidth = 1;
  to.stroke();
}
