// The picture of the map, painted in slices: moving shows the last one where it belongs, and never waits.

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./raster.js").Picture} Picture */
/** @typedef {{canvas: OffscreenCanvas, view: View}} Painted */

export class Painter {
  /** @param {(picture: Picture, view: View) => Generator<undefined, void>} paint What paints a view into a picture. */
  constructor(paint) {
    this.paint = paint;
    /** The last picture that was finished, and the last one of the whole globe. @type {Painted | null} */
    this.front = null;
    /** @type {Painted | null} */
    this.globe = null;
    /** @type {{steps: Generator<undefined, void>, image: ImageData, view: View} | null} */
    this.job = null;
    this.isStale = true;
  }

  /** What is shown has changed, not only the view. */
  invalidate() {
    this.isStale = true;
    this.job = this.globe = null;
  }

  /**
   * Paint for some time; return whether the picture is that of a view.
   * @param {View} view @param {number} ratio Px of the picture for each of the page. @param {number} ms
   */
  work(view, ratio, ms) {
    const until = performance.now() + ms;
    const wanted = view.times(ratio);
    while (this.isStale || !this.front?.view.isSame(wanted)) {
      if (performance.now() > until) return false;
      const { width, height } = wanted;
      const image = this.job?.image ?? new ImageData(width, height);
      this.job ??= { image, view: wanted, steps: this.paint({ pixels: new Uint32Array(image.data.buffer), width, height }, wanted) };
      if (this.job.steps.next().done) this.finish(this.job);
    }
    return true;
  }

  /** @param {{image: ImageData, view: View}} job */
  finish({ image, view }) {
    const canvas = new OffscreenCanvas(view.width, view.height);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    this.front = { canvas, view };
    if (view.scale <= view.least * 1.01) this.globe = this.front;
    this.job = null;
    this.isStale = false;
  }

  /** Show what is there in a view: the globe behind, the last picture before it. @param {CanvasRenderingContext2D} ctx @param {View} view */
  show(ctx, view) {
    for (const painted of [this.globe, this.front]) {
      for (const turn of painted ? [-360, 360, 0] : []) place(ctx, /** @type {Painted} */ (painted), view, turn);
    }
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {Painted} painted @param {View} view @param {number} turn Degrees. */
function place(ctx, { canvas, view: own }, view, turn) {
  const [left, right] = [view.xOf(own.west + turn), view.xOf(own.lonAt(own.width) + turn)];
  const [top, bottom] = [view.yOf(own.north), view.yOf(own.latAt(own.height))];
  if (right > 0 && left < view.width) ctx.drawImage(canvas, left, top, right - left, bottom - top);
}
