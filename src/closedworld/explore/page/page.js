// The page: how people move through the map, and what they are told.

import { Borders } from "./borders.js";
import { Table } from "./codec.js";
import { readTheme } from "./colours.js";
import { pointsCsv, tilesCsv } from "./csv.js";
import { button, element, letSort, made, save } from "./dom.js";
import { cellFacts, counted, purchaseFacts, rowFacts, short } from "./facts.js";
import { followPointers } from "./gestures.js";
import { Grid } from "./grid.js";
import { Lives } from "./lives.js";
import { Painter } from "./painter.js";
import { Points } from "./points.js";
import { Weights } from "./raster.js";
import { coloursOf, drawLines, paintScene, radius, unseenIn } from "./scene.js";
import { named, search } from "./search.js";
import { Tiles } from "./tiles.js";
import { boxOf, View } from "./view.js";

/** @typedef {import("./facts.js").Facts} Facts */
/** @typedef {import("./grid.js").Cell} Cell */

const IDLE_MS = 160;
const MOVING_MS = 9;
const RESTING_MS = 40;
const PAUSE_MS = 300;
const MOST_ROWS = 2e6;
const SUSPICIOUS = 12;
const NARROW_PX = 640;
/** Frames of notebooks have none. */
const hasAddress = typeof location !== "undefined" && location.protocol !== "about:";

/** Return what does something once nobody has asked for it for some time. @template {unknown[]} T @param {(...given: T) => void} then */
function debounced(then) {
  let timer = 0;
  return (/** @type {T} */ ...given) => {
    clearTimeout(timer);
    timer = window.setTimeout(then, PAUSE_MS, ...given);
  };
}

/** @param {any} data */
async function start(data) {
  const grid = new Grid(data.grid);
  /** @type {{codes: string[], names: string[], bounds: import("./view.js").Bounds[]}} */
  const { codes, names, bounds } = data.countries;
  /** @type {[Tiles[], Tiles | null, Borders | null, Table, Points | null, Points | null, Lives | null]} */
  const [worlds, differences, borders, places, points, homes, lives] = await Promise.all([
    Promise.all(data.worlds.map((/** @type {any} */ packed) => Tiles.read(grid, packed))),
    data.differences && Tiles.read(grid, data.differences),
    data.borders && Borders.read(data.borders),
    Table.read(data.places.columns),
    data.sites && Table.read(data.sites.columns).then((table) => new Points(table, "merchant_id", "category")),
    data.homes && Table.read(data.homes.columns).then((table) => new Points(table, "card_id")),
    data.lives && Table.read(data.lives.columns).then((table) => new Lives(data.lives.names, table)),
  ]);
  /** @type {(Weights | null)[]} */
  const weights = await Promise.all(data.weights.map((/** @type {any} */ packed, /** @type {number} */ world) => packed && Weights.read(packed, worlds[world], codes)));
  const merchants = points ? points.table.names("merchant_id") : [];
  const cards = lives ? lives.names : [];

  const canvas = element("canvas", HTMLCanvasElement);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const form = element("controls", HTMLFormElement);
  const menu = element("menu", HTMLDetailsElement);
  const card = element("card", HTMLElement);
  const csv = element("csv", HTMLButtonElement);
  const until = element("until", HTMLInputElement);
  /** One for each category. @type {NodeListOf<HTMLInputElement>} */
  const boxes = form.querySelectorAll("[data-group]");
  const { dataset } = document.documentElement;
  const view = new View(canvas.clientWidth, canvas.clientHeight, grid.cellWidth);
  /** @type {import("./scene.js").State} */
  const state = { mode: "a", byWeight: false, cut: 0.5, country: -1, cell: null, site: -1, showsHomes: false, card: -1, until: Infinity, isPinned: false };
  const scene = { grid, colours: data.countries.colours, worlds, differences, borders, places, points, homes, lives, weights, view, state, theme: readTheme() };
  const painters = worlds.map((_, world) => new Painter((picture, own) => paintScene(scene, world, picture, own)));
  let [movedAt, frame, redraws] = [-1e9, 0, 0];
  const linkSoon = debounced(writeLink);

  // ---- Drawing ----

  function draw() {
    frame = 0;
    const isMoving = performance.now() - movedAt < IDLE_MS;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const cut = state.mode === "swipe" ? state.cut * view.width : 0;
    const shown = cut ? [0, 1] : [worldAt(0)];
    const ms = (isMoving ? MOVING_MS : RESTING_MS) / shown.length;
    const isDone = shown.map((world) => painters[world].work(view, ratio, ms)).every(Boolean);
    const [width, height] = [view.width, view.height].map((px) => Math.round(px * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, view.width, view.height);
    ctx.imageSmoothingEnabled = !isMoving;
    ctx.save();
    for (const world of shown) {
      ctx.beginPath();
      ctx.rect(world * cut, 0, view.width, view.height);
      ctx.clip();
      painters[world].show(ctx, view);
    }
    ctx.restore();
    drawLines(scene, ctx, isMoving);
    if (cut) ctx.fillRect(cut - 1, 0, 2, view.height);
    redraws += 1;
    dataset.done = String(isDone && !isMoving);
    if (!isDone || isMoving) request();
  }

  const request = () => (frame ||= requestAnimationFrame(draw));

  function moved() {
    movedAt = performance.now();
    request();
    linkSoon();
  }

  /** What is chosen in the panel has changed: show that. */
  function apply() {
    scene.theme = readTheme();
    const chosen = new FormData(form);
    const value = (/** @type {string} */ name) => String(chosen.get(name) ?? "");
    Object.assign(state, { mode: value("mode") || "a", byWeight: value("by") === "weight", cut: Number(value("cut")) / 1000 });
    Object.assign(state, { country: codes.indexOf(value("country")), card: cards.indexOf(value("card")), showsHomes: chosen.has("homes") });
    for (const own of weights) if (own) own.isLinear = value("scale") === "linear";
    const scale = weights.find(Boolean);
    document.querySelectorAll("#ticks span").forEach((tick, i, { length }) => (tick.textContent = scale ? short(scale.densityAt(i / (length - 1))) : ""));
    if (points) {
      points.alone = merchants.indexOf(value("merchant")) + 1;
      points.hidden = new Set([...boxes].filter((box) => !box.checked).map((box) => Number(box.dataset.group)));
      const colours = coloursOf(points, scene.theme).map((colour) => (state.mode === "differences" ? "" : `rgb(${colour})`));
      for (const box of boxes) box.style.accentColor = colours[Number(box.dataset.group)];
    }
    const alone = points?.alone ? "merchant" : "";
    Object.assign(dataset, { mode: state.mode, by: state.byWeight ? "weight" : "country", alone, life: state.card >= 0 ? "card" : "" });
    const tiles = worlds[worldAt(0)].counts[state.country] ?? 0;
    csv.disabled = !alone && (tiles === 0 || tiles > MOST_ROWS);
    const own = tiles > MOST_ROWS ? `${codes[state.country]} is too large for CSV` : tiles ? `Save ${codes[state.country]} as CSV` : "Save CSV";
    csv.textContent = alone ? "Save outlets as CSV" : own;
    for (const painter of painters) painter.invalidate();
    request();
    linkSoon();
  }

  /** Choose something in the panel. @param {Record<string, string>} values By name of the field. */
  function choose(values) {
    for (const [name, value] of Object.entries(values)) {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value === field.value;
      else if (field instanceof RadioNodeList || field instanceof HTMLInputElement) field.value = value;
    }
    apply();
  }

  // ---- What is said ----

  /** The world that is shown at a px of the page. @param {number} x */
  const worldAt = (x) => (state.mode === "b" || (state.mode === "swipe" && x > state.cut * view.width) ? 1 : 0);

  /** @param {Cell | null} cell @param {number} world @returns {Facts} */
  function factsOf(cell, world) {
    const factsIn = (/** @type {number} */ i, name = "") => cellFacts(cell, worlds[i], weights[i] ?? null, data.countries, name);
    if (state.mode !== "differences") return factsIn(world);
    const [[a, own], [b, others]] = [factsIn(0, " in A"), factsIn(1, " in B")];
    return [a === b ? a : `A: ${a} · B: ${b}`, [...own, ...others.filter(([name]) => name.startsWith("Weight"))]];
  }

  /** @param {Facts} facts */
  function showCard([title, facts]) {
    card.hidden = false;
    card.classList.toggle("passing", !state.isPinned);
    element("fact", HTMLElement).textContent = title;
    const rows = facts.flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, made("bdi", {}, value))]);
    element("facts", HTMLElement).replaceChildren(...rows);
    element("outlets", HTMLElement).hidden = state.site < 0 || points?.alone !== 0;
  }

  /** @param {string} text */
  const say = (text) => (element("said", HTMLElement).textContent = text);
  /** @param {Facts} facts */
  const sayFacts = ([title, facts]) => say(`${title}. ${facts.map((fact) => fact.join(" ")).join(". ")}`);

  /** Show the facts of what is chosen, and say them. @param {Facts} facts @param {{cell?: Cell | null, site?: number}} [chosen] */
  function tell(facts, { cell = null, site = -1 } = {}) {
    Object.assign(state, { cell, site, isPinned: true });
    showCard(facts);
    sayFacts(facts);
    request();
  }

  /** Choose a cell, and say what it is. @param {Cell | null} cell @param {number} world */
  function pick(cell, world) {
    const [run] = worlds[world].runsAt(cell);
    if (run !== undefined) choose({ country: codes[worlds[world].countries[run]] });
    tell(factsOf(cell, world), { cell });
  }

  /** @param {number} merchant */
  function pickMerchant(merchant) {
    choose({ merchant: merchants[merchant] });
    if (points) goToBox(boxOf(points.lons, points.lats, [...points.owners.keys()].filter((i) => points.isShown(i))));
    say(`Outlets of merchant ${merchants[merchant]} alone`);
  }

  /** Show the life of a card, all of it. @param {number} own */
  function pickCard(own) {
    if (!lives) return;
    choose({ card: cards[own] });
    goToBox(boxOf(lives.lons, lives.lats, lives.placed(own)));
    const [first, last] = [lives.firsts[own], lives.firsts[own + 1] - 1];
    Object.assign(until, { min: String(first), max: String(last), value: String(last) });
    tellPurchase();
    foldNarrow();
  }

  /** Say what the slider stands at. */
  function tellPurchase() {
    if (!lives) return;
    const i = Number(until.value);
    state.until = lives.seconds[i];
    tell(purchaseFacts(lives, state.card, i));
  }

  function closeCard() {
    card.hidden = true;
    Object.assign(state, { isPinned: false, cell: null, site: -1 });
    choose({ country: "", card: "" });
  }

  // ---- Where to go ----

  /** @param {number} country */
  function goToCountry(country) {
    goToBox(bounds[country]);
    choose({ country: codes[country] });
    say(`${names[country]}: ${counted(worlds[0].counts[country], "tile")}`);
  }

  /** @param {number} lon @param {number} lat @param {number} scale At least. */
  function goTo(lon, lat, scale) {
    Object.assign(view, { lon, lat, scale: Math.max(view.scale, scale) });
    view.settle();
    moved();
  }

  /** @type {Record<string, (found: import("./search.js").Found) => void>} */
  const goes = {
    country: ({ at }) => goToCountry(at),
    place: ({ at }) => goTo(places.numbers("lon")[at], places.numbers("lat")[at], Math.min(view.width / 2, 12 / grid.cellWidth)),
    merchant: ({ at }) => pickMerchant(at),
    card: ({ at }) => pickCard(at),
    point: ({ lon, lat }) => {
      goTo(lon, lat, 24 / grid.cellWidth);
      pick(grid.cellAt(lon, lat), worldAt(0));
    },
  };

  /** @param {import("./view.js").Bounds | null} box */
  const goToBox = (box) => box && (view.fit(box), moved());
  const home = () => goToBox(data.home);

  const foldNarrow = () => (menu.open &&= innerWidth >= NARROW_PX);

  // ---- The link, and files ----

  function writeLink() {
    const at = `${view.lat.toFixed(6)},${view.lon.toFixed(6)},${view.scale.toPrecision(6)}`;
    const chosen = [...new FormData(form)].filter(([, value]) => value !== "").map(([name, value]) => [name, String(value)]);
    if (points?.hidden.size) chosen.push(["without", [...points.hidden].join()]);
    if (hasAddress) history.replaceState(null, "", `#${new URLSearchParams([["at", at], ...chosen])}`);
  }

  /** Show what the link says. */
  function readLink() {
    const parts = new URLSearchParams(location.hash.slice(1));
    form.reset();
    for (const box of boxes) box.checked = !(parts.get("without") ?? "").split(",").includes(box.dataset.group ?? "");
    choose(Object.fromEntries(parts));
    if (state.card >= 0) pickCard(state.card);
    const at = (parts.get("at") ?? "").split(",").map(Number);
    if (at.length === 3 && at.every(Number.isFinite)) [view.lat, view.lon, view.scale] = at;
    view.settle();
  }

  function saveCsv() {
    const name = points?.alone ? "outlets" : codes[state.country];
    const text = points?.alone ? pointsCsv(points) : tilesCsv(worlds[worldAt(0)], state.country, name);
    save(new Blob([text], { type: "text/csv" }), `${name}.csv`);
  }

  // ---- Pointers, keys and fields ----

  /** @param {number} x @param {number} y */
  const cellAt = (x, y) => grid.cellAt(view.lonAt(x), view.latAt(y));
  const middle = () => cellAt(view.width / 2, view.height / 2);
  const saySoon = debounced((/** @type {boolean} */ isSaid) => isSaid || sayFacts(factsOf(middle(), worldAt(view.width / 2))));

  /** @param {number} x @param {number} y */
  function tap(x, y) {
    const world = worldAt(x);
    const site = points && state.card < 0 ? points.nearest(view, x, y, Math.max(6, radius(scene) + 3), unseenIn(scene, world)) : -1;
    const home = homes && world === 0 && state.card < 0 && state.showsHomes ? homes.nearest(view, x, y, 8) : -1;
    const life = homes && home >= 0 ? cards.indexOf(String(homes.table.value("card_id", home))) : -1;
    if (points && site >= 0) tell([`Site of ${points.table.value("merchant_id", site)}`, rowFacts(points.table, site)], { site });
    else if (life >= 0) pickCard(life);
    else if (homes && home >= 0) tell([`Home of ${homes.table.value("card_id", home)}`, rowFacts(homes.table, home)]);
    else pick(cellAt(x, y), world);
  }

  followPointers(canvas, view, { moved, tap, hover: (x, y) => state.isPinned || showCard(factsOf(cellAt(x, y), worldAt(x))) });
  canvas.onpointerleave = () => (card.hidden = !state.isPinned);

  canvas.onkeydown = (event) => {
    const step = event.shiftKey ? 200 : 60;
    const factor = { "+": 1.6, "=": 1.6, "-": 1 / 1.6 }[event.key];
    const [dx, dy] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") tap(view.width / 2, view.height / 2);
    else if (event.key === "Home") home();
    else if (factor) view.zoom(factor);
    else if (dx !== undefined) view.pan(dx * step, dy * step);
    else return;
    event.preventDefault();
    moved();
    saySoon(event.key === "Enter");
  };
  const field = element("search", HTMLInputElement);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeCard();
    if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    menu.open = true;
    field.focus();
  });

  const among = {
    country: named(codes.map((code, i) => `${names[i]} (${code})`), codes.map((code, i) => `${code} ${names[i]}`)),
    place: named(places.names("name").map((name, i) => `${name}, ${places.value("country", i)}`), places.names("name")),
    merchant: named(merchants.map((name) => `merchant ${name}`), merchants),
    card: named(cards.map((name) => `card ${name}`), cards),
  };
  const list = element("found", HTMLElement);
  const take = (/** @type {import("./search.js").Found} */ found) => {
    list.replaceChildren();
    goes[found.kind](found);
    foldNarrow();
  };
  field.oninput = () => {
    const items = search(field.value, grid, among).map((found) => made("li", {}, button(found.text, () => take(found))));
    const none = field.value.trim() ? [made("li", { className: "muted" }, "Nothing found")] : [];
    list.replaceChildren(...(items.length ? items : none));
  };
  element("finder", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    const [found] = search(field.value, grid, among);
    if (found) take(found);
  };

  /** @type {Record<string, () => void>} */
  const clicks = {
    closer: () => (view.zoom(2), moved()),
    farther: () => (view.zoom(0.5), moved()),
    home,
    close: closeCard,
    all: () => choose({ merchant: "" }),
    outlets: () => points && pickMerchant(points.owners[state.site] - 1),
    csv: saveCsv,
    png: () => canvas.toBlob((blob) => blob && save(blob, "closedworld.png")),
    link: () => {
      writeLink();
      navigator.clipboard?.writeText(location.href).then(() => say("Copied"), () => say("The address bar has the link"));
    },
  };
  for (const [id, click] of Object.entries(clicks)) element(id, HTMLButtonElement).onclick = click;
  element("link", HTMLButtonElement).hidden = !hasAddress;
  const table = element("table", HTMLTableElement);
  letSort(table);
  table.tBodies[0].onclick = ({ target }) => target instanceof HTMLButtonElement && goToCountry(codes.indexOf(target.value));
  for (const { card: own, count } of lives ? lives.suspicious(SUSPICIOUS) : []) {
    element("cards", HTMLElement).append(button(`${cards[own]} · ${counted(count, "impossible trip")}`, () => pickCard(own)));
  }
  until.oninput = tellPurchase;
  form.oninput = element("swipe", HTMLInputElement).oninput = apply;
  new ResizeObserver(() => {
    Object.assign(view, { width: canvas.clientWidth, height: canvas.clientHeight });
    view.settle();
    request();
  }).observe(canvas);
  addEventListener("hashchange", readLink);
  matchMedia("(prefers-color-scheme: dark)").onchange = apply;

  home();
  foldNarrow();
  readLink();
  movedAt = -1e9;
  draw();
  dataset.ready = "true";
  // For those who measure it: what it takes to draw once, and the view.
  Object.assign(window, { closedworld: { view, moved, worlds, grid, points, frames: () => redraws } });
}

if (typeof document !== "undefined") start(JSON.parse(element("data", HTMLElement).textContent ?? "{}"));
