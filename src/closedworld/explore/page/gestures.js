// Moving the map by pointers, fingers and the wheel.

/**
 * @param {HTMLElement} canvas @param {import("./view.js").View} view
 * @param {{moved: () => void, tap: (x: number, y: number) => void, hover: (x: number, y: number) => unknown}} then Px of the canvas.
 */
export function followPointers(canvas, view, { moved, tap, hover }) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let travelled = 0;
  canvas.onpointerdown = ({ pointerId, offsetX: x, offsetY: y }) => {
    canvas.setPointerCapture(pointerId);
    fingers.set(pointerId, { x, y });
    if (fingers.size === 1) travelled = 0;
  };
  canvas.onpointermove = ({ pointerId, offsetX: x, offsetY: y }) => {
    const was = fingers.get(pointerId);
    if (!was) return hover(x, y);
    fingers.set(pointerId, { x, y });
    travelled += Math.hypot(x - was.x, y - was.y);
    if (travelled < 4) return;
    canvas.classList.add("dragging");
    view.pan((x - was.x) / fingers.size, (y - was.y) / fingers.size);
    const others = [...fingers].filter(([id]) => id !== pointerId);
    if (others.length === 1) {
      const [[, other]] = others;
      const before = Math.max(1, Math.hypot(was.x - other.x, was.y - other.y));
      view.zoom(Math.hypot(x - other.x, y - other.y) / before, (x + other.x) / 2, (y + other.y) / 2);
    }
    moved();
  };
  canvas.onpointerup = canvas.onpointercancel = ({ pointerId, type, offsetX, offsetY }) => {
    const isTap = fingers.size === 1 && travelled < 4 && type === "pointerup";
    fingers.delete(pointerId);
    canvas.classList.remove("dragging");
    if (isTap) tap(offsetX, offsetY);
  };
  canvas.onwheel = (event) => {
    event.preventDefault();
    const down = Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1)));
    view.zoom(Math.exp(-down / 300), event.offsetX, event.offsetY);
    moved();
  };
  canvas.ondblclick = ({ offsetX, offsetY }) => (view.zoom(2, offsetX, offsetY), moved());
}
