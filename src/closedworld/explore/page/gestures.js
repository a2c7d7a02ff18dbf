// Moving the map by pointers, fingers and the wheel.

/**
 * @param {HTMLElement} canvas @param {import("./view.js").View} view
 * @param {{moved: () => void, tap: (x: number, y: number) => void, hover: (x: number, y: number) => void, leave: () => void}} then
 */
export function followPointers(canvas, view, { moved, tap, hover, leave }) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let travelled = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) travelled = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const was = fingers.get(event.pointerId);
    const at = { x: event.clientX, y: event.clientY };
    if (!was) return hover(at.x, at.y);
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, finger]) => finger);
    fingers.set(event.pointerId, at);
    travelled += Math.hypot(at.x - was.x, at.y - was.y);
    if (travelled < 4) return;
    canvas.classList.add("dragging");
    const share = 1 / fingers.size;
    view.pan((at.x - was.x) * share, (at.y - was.y) * share);
    if (others.length === 1) {
      const [other] = others;
      const factor = Math.hypot(at.x - other.x, at.y - other.y) / Math.max(1, Math.hypot(was.x - other.x, was.y - other.y));
      view.zoom(factor, (at.x + other.x) / 2, (at.y + other.y) / 2);
    }
    moved();
  });
  const lift = (/** @type {PointerEvent} */ event) => {
    const isTap = fingers.size === 1 && travelled < 4 && event.type === "pointerup";
    fingers.delete(event.pointerId);
    canvas.classList.remove("dragging");
    if (isTap) tap(event.clientX, event.clientY);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1))) / 300), event.clientX, event.clientY);
    moved();
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => {
    view.zoom(2, event.clientX, event.clientY);
    moved();
  });
}
