// The picture of the map, painted in slices: moving shows the last one where it belongs, and never waits.

import { View } from "./view.js";

/** @typedef {import("./raster.js").Picture} Picture */
/** @typedef {{canvas: HTMLCanvasElement, view: View}} Painted */
/** @typedef {(picture: Picture, view: View, isWorld: boolean) => Generator<undefined, void>} Paint */

const WORLD_PX = 1440;

export class Painter {
  /** @param {Paint} paint What paints a view into a picture. */
  constructor(paint) {
    this.paint = paint;
    /** The last picture that was finished, and one of the whole globe. @type {Painted | null} */
    this.front = null;
    /** @type {Painted | null} */
    this.world = null;
    /** @type {{steps: Generator<undefined, void>, image: ImageData, view: View, isWorld: boolean} | null} */
    this.job = null;
    this.isWorldStale = true;
    this.isFrontStale = true;
  }

  /** What is shown has changed, not only the view. */
  invalidate() {
    this.job = null;
    this.isWorldStale = this.isFrontStale = true;
  }

  /**
   * Paint for some time; return whether the picture is that of a view.
   * @param {View} view @param {number} ratio Px of the picture for each of the page. @param {number} ms
   */
  work(view, ratio, ms) {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      const { front } = this;
      const isDone = front !== null && !this.isFrontStale && front.view.isSame(view.times(ratio));
      if (!this.job && isDone && !this.isWorldStale) return true;
      this.job ??= this.begin(isDone ? worldView() : view.times(ratio), isDone);
      if (this.job.steps.next().done) this.finish(this.job);
    }
    return false;
  }

  /** @param {View} view @param {boolean} isWorld */
  begin(view, isWorld) {
    const image = new ImageData(view.width, view.height);
    const picture = { pixels: new Uint32Array(image.data.buffer), width: view.width, height: view.height };
    return { steps: this.paint(picture, view, isWorld), image, view, isWorld };
  }

  /** @param {{image: ImageData, view: View, isWorld: boolean}} job */
  finish({ image, view, isWorld }) {
    const last = isWorld ? this.world : this.front;
    const canvas = last ? last.canvas : document.createElement("canvas");
    if (canvas.width !== view.width || canvas.height !== view.height) [canvas.width, canvas.height] = [view.width, view.height];
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
    this.job = null;
    if (isWorld) [this.world, this.isWorldStale] = [{ canvas, view }, false];
    else [this.front, this.isFrontStale] = [{ canvas, view }, false];
  }

  /** Show what is there in a view: the globe behind, the last picture before it. @param {CanvasRenderingContext2D} ctx @param {View} view */
  show(ctx, view) {
    const { front, world } = this;
    if (world && (!front || !front.view.holds(view))) {
      const turn = 360 * Math.floor((view.west + 180) / 360);
      for (let lon = turn; lon - 180 < view.lonAt(view.width); lon += 360) place(ctx, world, view, lon);
    }
    if (front) place(ctx, front, view, 360 * Math.round((view.lon - front.view.lon) / 360));
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {Painted} painted @param {View} view @param {number} turn Degrees. */
function place(ctx, { canvas, view: own }, view, turn) {
  const [left, right] = [view.xOf(own.west + turn), view.xOf(own.lonAt(own.width) + turn)];
  const [top, bottom] = [view.yOf(own.north), view.yOf(own.latAt(own.height))];
  ctx.drawImage(canvas, left, top, right - left, bottom - top);
}

function worldView() {
  const view = new View(WORLD_PX, WORLD_PX / 2, 1);
  Object.assign(view, { lon: 0, lat: 0, scale: WORLD_PX / 360, scaleY: WORLD_PX / 360 });
  view.place();
  return view;
}
