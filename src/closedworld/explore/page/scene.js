// What is drawn: tiles and points in slices, and over them borders, names and what is chosen.

import { mixed } from "./colours.js";
import { writePlaces } from "./places.js";
import { balancePainter, paintTiles } from "./raster.js";

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./tiles.js").Tiles} Tiles */
/**
 * What is chosen: ``country``, ``site`` and ``card`` are numbers, -1 for none; ``cut`` is where the second world begins, as a share of the width.
 * @typedef {{mode: string, byWeight: boolean, cut: number, country: number, cell: import("./grid.js").Cell | null, site: number,
 *   showsHomes: boolean, card: number, until: number, isPinned: boolean}} State
 */
/**
 * @typedef {{grid: import("./grid.js").Grid, colours: number[], worlds: Tiles[], differences: Tiles | null, borders: import("./borders.js").Borders | null,
 *   places: import("./codec.js").Table, points: Points | null, homes: Points | null, lives: import("./lives.js").Lives | null,
 *   weights: (import("./raster.js").Weights | null)[], view: View, state: State, theme: import("./colours.js").Theme}} Scene
 */

const LATTICE_PX = 7;
const FEW_POINTS = 5000;

/** Radius of the dots of points, px of the page. @param {Scene} scene */
export function radius({ view, points }) {
  const near = Math.log2(view.scale / view.least) / 2;
  const least = points && points.count < FEW_POINTS ? 2 : 0.5;
  return Math.min(5, Math.max(least, near)) + (points?.alone ? 1.5 : 0);
}

/** Paint the tiles and points of a world. @param {Scene} scene @param {number} world @param {import("./raster.js").Picture} picture @param {View} own In its px. */
export function* paintScene(scene, world, picture, own) {
  const { state, worlds, differences, weights, points, homes, theme, colours } = scene;
  const dots = radius(scene) * (own.width / scene.view.width);
  const isBetween = state.mode === "differences" && differences;
  // Paler where there is something to see before them.
  const paler = (/** @type {import("./colours.js").Rgb[]} */ list, share = 0) => list.map((colour) => mixed(colour, theme.off, points ? 0.55 : share));
  if (isBetween) {
    const [a, b] = weights;
    const recolour = state.byWeight && a && b ? balancePainter(a, b, own, theme) : undefined;
    for (const tiles of worlds) yield* paintTiles(picture, own, tiles, colours.map(() => theme.none), tiles === worlds[0] ? theme : null, recolour);
    yield* paintTiles(picture, own, differences, paler(theme.sides), null);
  } else {
    const pale = paler(theme.countries, state.country >= 0 ? 0.35 : 0);
    const ofCountry = colours.map((colour, i) => (i === state.country ? theme.countries : pale)[colour]);
    yield* paintTiles(picture, own, worlds[world], ofCountry, theme, state.byWeight ? weights[world]?.painter(own, theme) : undefined);
  }
  // Homes are those of the first world, and the life of a card is shown by itself.
  if (state.card >= 0) return;
  if (homes && state.showsHomes && world === 0) yield* homes.paint(picture, own, [theme.homes], theme.off, dots);
  if (points) yield* points.paint(picture, own, isBetween ? [theme.none, ...theme.sides] : coloursOf(points, theme), theme.off, dots, unseenIn(scene, world));
}

/** Side of two worlds whose points are not shown: those that both have, or those of the other one alone. @param {Scene} scene @param {number} world */
export const unseenIn = ({ state }, world) => (state.mode === "differences" ? 0 : 2 - world);

/** Colours of groups by number, which is their place by frequency; those without a group are last. @param {Points} points @param {import("./colours.js").Theme} theme */
export function coloursOf({ table }, { points }) {
  const last = points.length - 1;
  return [points[last], ...table.names("category").map((_, i) => points[Math.min(i, last)])];
}

/** Draw borders, lines between tiles, names and what is chosen. @param {Scene} scene @param {CanvasRenderingContext2D} to @param {boolean} isMoving */
export function drawLines(scene, to, isMoving) {
  const { grid, view, state, borders, places, points, lives, theme } = scene;
  const px = view.scale * grid.cellWidth;
  if (px >= LATTICE_PX) drawLattice(scene, to);
  if (borders) {
    to.beginPath();
    borders.trace(to, view, isMoving ? 2 : 0.7);
    // Lines of one px are drawn many times as fast as wider ones.
    const lineWidth = px > 8 && !isMoving ? 1.4 : 1 / (devicePixelRatio || 1);
    Object.assign(to, { strokeStyle: theme.border, lineWidth, lineJoin: "bevel" });
    to.stroke();
  }
  if (!isMoving) writePlaces(to, places, view, theme);
  Object.assign(to, { strokeStyle: theme.mark, lineWidth: 2.5 });
  if (state.cell && state.isPinned) {
    const { west, east, north, south } = grid.bounds(state.cell);
    const x = view.xOf(view.turned((west + east) / 2)) - px / 2;
    to.strokeRect(x, view.yOf(north), Math.max(4, px), Math.max(4, (north - south) * view.scaleY));
  }
  if (points && state.site >= 0) {
    to.beginPath();
    to.arc(view.xOf(view.turned(points.lons[state.site])), view.yOf(points.lats[state.site]), 9, 0, 2 * Math.PI);
    to.stroke();
  }
  if (lives && state.card >= 0) lives.draw(to, view, state.card, state.until, theme);
}

/** Lines between tiles. @param {Scene} scene @param {CanvasRenderingContext2D} to */
function drawLattice({ grid, view, theme }, to) {
  const [width, height] = [view.scale * grid.cellWidth, view.scaleY * grid.cellHeight];
  const [top, bottom] = [grid.north, grid.north - grid.nRows * grid.cellHeight].map((lat) => view.yOf(lat));
  to.beginPath();
  for (let x = view.xOf(grid.west) % width; x < view.width; x += width) to.rect(x, top, width, bottom - top);
  for (let y = Math.max(top, top % height); y < Math.min(bottom, view.height); y += height) to.rect(-1, y, view.width + 2, height);
  Object.assign(to, { strokeStyle: theme.lattice, lineWidth: 1 });
  to.stroke();
}
