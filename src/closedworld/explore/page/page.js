// The page: how people move through the map, and what they are told.

import { Borders } from "./borders.js";
import { css, HOMES, THEMES } from "./colours.js";
import { outletsCsv, tilesCsv } from "./csv.js";
import { checkbox, choicesOf, element, isolated, made, radios, save, swatch } from "./dom.js";
import { capital, cellFacts, counted, homeFacts, number, purchaseFacts, siteFacts } from "./facts.js";
import { followPointers } from "./gestures.js";
import { Grid } from "./grid.js";
import { categoriesOf, categoryBoxes, legend } from "./legend.js";
import { Lives } from "./lives.js";
import { Painter } from "./painter.js";
import { Places } from "./places.js";
import { Points } from "./points.js";
import { Weights } from "./raster.js";
import { drawLines, paintScene, radius } from "./scene.js";
import { search } from "./search.js";
import { fillTable } from "./table.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

/** @typedef {import("./facts.js").Facts} Facts */

const IDLE_MS = 160;
const MOVING_MS = 9;
const RESTING_MS = 40;
const MOST_ROWS = 2e6;
const SUSPICIOUS = 12;
const MOST_REGION_DEGREES = 200;
const NARROW_PX = 640;

/** @param {any} data */
async function start(data) {
  const grid = new Grid(data.grid);
  const { codes, names, words } = data.countries;
  /** @type {(packed: any) => Promise<Tiles>} */
  const read = (packed) => Tiles.read(grid, packed);
  const [worlds, differences, borders, places, points, homes, lives] = await Promise.all([
    /** @type {Promise<Tiles[]>} */ (Promise.all(data.worlds.map((/** @type {any} */ world) => read(world.tiles)))),
    data.differences ? read(data.differences) : null,
    data.borders ? Borders.read(data.borders) : null,
    Places.read(data.places),
    data.sites ? Points.read(data.sites, "category", "merchant_id") : null,
    data.homes ? Points.read(data.homes, "urban", "card_id") : null,
    data.lives ? Lives.read(data.lives) : null,
  ]);
  const weights = data.weights ? await Weights.read(data.weights, worlds[0], codes) : null;

  const canvas = element("canvas", HTMLCanvasElement);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const swipe = element("swipe", HTMLInputElement);
  const card = element("card", HTMLElement);
  const panel = element("panel", HTMLElement);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const view = new View(innerWidth, innerHeight, grid.cellWidth);
  const isTwo = worlds.length > 1;
  /** @type {import("./scene.js").State} */
  const state = {
    mode: isTwo ? "swipe" : "a", byWeight: false, cut: 0.5, country: -1, cell: null, site: -1, showsHomes: false, card: -1, until: Infinity,
    isPinned: false, movedAt: -1e9, isDue: false,
  };
  const categories = categoriesOf(points);
  const scene = { grid, colours: data.countries.colours, worlds, differences, borders, places, points, homes, lives, weights, categories, view, state, dark };
  const painter = new Painter((picture, own, isWorld) => paintScene(scene, picture, own, isWorld));
  let redraws = 0;

  function draw() {
    state.isDue = false;
    const isMoving = performance.now() - state.movedAt < IDLE_MS;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const isDone = painter.work(view, ratio, isMoving ? MOVING_MS : RESTING_MS);
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = css(THEMES[dark.matches ? "dark" : "light"].off);
    ctx.fillRect(0, 0, view.width, view.height);
    ctx.imageSmoothingEnabled = !isMoving;
    painter.show(ctx, view);
    drawLines(scene, ctx, isMoving);
    redraws += 1;
    document.documentElement.dataset.done = String(isDone && !isMoving);
    if (!isDone || isMoving) request();
  }

  function request() {
    if (!state.isDue) {
      state.isDue = true;
      requestAnimationFrame(draw);
    }
  }

  /** What is shown has changed. */
  function changed() {
    painter.invalidate();
    request();
    linkSoon();
  }

  function moved() {
    state.movedAt = performance.now();
    element("cross", HTMLElement).hidden = true;
    request();
    linkSoon();
  }

  /** @type {ReturnType<typeof setTimeout>} */
  let linkTimer = setTimeout(() => {}, 0);
  function linkSoon() {
    clearTimeout(linkTimer);
    linkTimer = setTimeout(writeLink, 300);
  }

  /** The world that is shown at a px of the page. @param {number} x */
  const worldAt = (x) => (state.mode === "b" || (state.mode === "swipe" && x > state.cut * view.width) ? 1 : 0);

  /** @param {import("./grid.js").Cell | null} cell @param {number} world @returns {Facts} */
  function factsOf(cell, world) {
    const of = (/** @type {number} */ i) => cellFacts(cell, worlds[i], i === 0 ? weights : null, data.countries);
    const [title, facts] = of(world);
    const isSame = state.mode !== "differences" || title === of(1)[0];
    return [isSame ? title : `A: ${title} · B: ${of(1)[0]}`, facts];
  }

  // ---- What is chosen, and what is said of it ----

  /** Show the life of a card, all of it. @param {number} card -1 for none. */
  function pickCard(card) {
    if (!lives) return;
    Object.assign(state, { card, until: Infinity });
    element("life", HTMLElement).hidden = card < 0;
    changed();
    if (card < 0) return;
    const [first, last] = [lives.firsts[card], lives.firsts[card + 1] - 1];
    Object.assign(element("until", HTMLInputElement), { min: String(first), max: String(last), value: String(last) });
    const bounds = lives.boundsOf(card);
    if (bounds) {
      view.fit(bounds);
      moved();
    }
    tellLife(last);
    if (innerWidth < NARROW_PX) fold(true);
  }

  /** Say what the slider stands at. @param {number} i */
  function tellLife(i) {
    if (!lives) return;
    Object.assign(state, { until: lives.seconds[i], site: -1, cell: null });
    tell(purchaseFacts(lives, state.card, i));
  }

  /** @param {Facts} facts @param {boolean} isPinned */
  function showCard([title, facts], isPinned) {
    card.hidden = false;
    card.classList.toggle("passing", !isPinned);
    /** @type {HTMLElement} */ (card.querySelector("h2")).replaceChildren(isolated(title));
    const rows = facts.flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, isolated(value))]);
    if (isPinned && points && state.site >= 0 && !points.merchant) {
      const merchant = points.owners.numbers[state.site];
      rows.push(made("dt", {}), made("dd", {}, made("button", { onclick: () => pickMerchant(merchant) }, "Show all its outlets")));
    }
    /** @type {HTMLElement} */ (card.querySelector("dl")).replaceChildren(...rows);
  }

  /** @param {string} text */
  const say = (text) => (element("said", HTMLElement).textContent = text);
  /** @param {Facts} facts */
  const sayFacts = ([title, facts]) => say(`${title}. ${facts.map((fact) => fact.join(" ")).join(". ")}`);

  /** Show the facts of what is chosen, and say them. @param {Facts} facts */
  function tell(facts) {
    state.isPinned = true;
    showCard(facts, true);
    sayFacts(facts);
    request();
  }

  /** Choose a cell, and say what it is. @param {import("./grid.js").Cell | null} cell @param {number} world */
  function pick(cell, world) {
    Object.assign(state, { cell, site: -1 });
    const runs = worlds[world].runsAt(cell);
    if (runs.length) chooseCountry(worlds[world].countries[runs[0]]);
    tell(factsOf(cell, world));
  }

  /** @param {number} country -1 for none. */
  function chooseCountry(country) {
    state.country = country;
    updateCsv();
    changed();
  }

  function updateCsv() {
    const csv = element("csv", HTMLButtonElement);
    const isMerchant = points !== null && points.merchant > 0;
    csv.disabled = !isMerchant && state.country < 0;
    csv.textContent = isMerchant ? "Save outlets as CSV" : state.country < 0 ? "Save CSV" : `Save ${codes[state.country]} as CSV`;
  }

  /** @param {number} merchant 0 for all. */
  function pickMerchant(merchant) {
    if (!points) return;
    points.merchant = merchant;
    element("all", HTMLButtonElement).hidden = merchant === 0;
    if (merchant) say(`Outlets of merchant ${points.owners.names[merchant - 1]} alone`);
    updateCsv();
    changed();
  }

  /** @param {number} country */
  function goToCountry(country) {
    const bounds = worlds[0].boundsOf(country) ?? worlds[worlds.length - 1].boundsOf(country);
    if (bounds) view.fit(bounds);
    chooseCountry(country);
    say(`${names[country]}: ${counted(worlds[0].counts[country], "tile", "tiles")}`);
  }

  /** @param {number} lon @param {number} lat @param {number} scale */
  function goTo(lon, lat, scale) {
    view.scale = Math.max(view.scale, scale);
    view.centre(lon, lat);
    moved();
  }

  /** @param {import("./search.js").Found} found */
  function goToFound(found) {
    if (found.kind === "country") goToCountry(found.country);
    else if (found.kind === "merchant") pickMerchant(found.merchant);
    else if (found.kind === "card") pickCard(found.card);
    else if (found.kind === "place") goTo(places.lons[found.place], places.lats[found.place], Math.min(view.width / 2, 12 / grid.cellWidth));
    else {
      const cell = found.kind === "tile" ? grid.cellOf(found.id) : grid.cellAt(found.lon, found.lat);
      const { lon, lat } = found.kind === "point" ? found : grid.centre(/** @type {import("./grid.js").Cell} */ (cell));
      goTo(lon, lat, 24 / grid.cellWidth);
      pick(cell, state.mode === "b" ? 1 : 0);
    }
    if (innerWidth < NARROW_PX) fold(true);
  }

  function closeCard() {
    card.hidden = true;
    Object.assign(state, { isPinned: false, cell: null, site: -1 });
    pickCard(-1);
    chooseCountry(-1);
  }

  /** @param {boolean} isFolded */
  function fold(isFolded) {
    panel.classList.toggle("folded", isFolded);
    element("fold", HTMLButtonElement).setAttribute("aria-expanded", String(!isFolded));
  }

  const home = () => {
    const bounds = worlds[0].boundsOf();
    if (bounds && bounds.east - bounds.west < MOST_REGION_DEGREES) return view.fit(bounds);
    view.scale = 0;
    view.centre(8, 0);
  };

  // ---- The link, and files ----

  function writeLink() {
    const parts = new URLSearchParams({ at: `${view.lat.toFixed(6)},${view.lon.toFixed(6)},${view.scale.toPrecision(6)}` });
    if (state.byWeight) parts.set("by", "weight");
    if (weights && weights.isLinear) parts.set("scale", "linear");
    if (state.country >= 0) parts.set("country", codes[state.country]);
    if (points && points.merchant) parts.set("merchant", points.owners.names[points.merchant - 1]);
    if (lives && state.card >= 0) parts.set("card", lives.names[state.card]);
    if (isTwo) parts.set("mode", state.mode);
    try {
      history.replaceState(null, "", `#${parts}`);
    } catch {
      // A frame without an address of its own.
    }
  }

  /** Show what the link says. */
  function readLink() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const named = (/** @type {string} */ name) => parts.get(name) ?? "";
    state.byWeight = weights !== null && named("by") === "weight";
    if (weights) weights.isLinear = named("scale") === "linear";
    if (isTwo && ["a", "b", "swipe", "differences"].includes(named("mode"))) state.mode = named("mode");
    swipe.hidden = state.mode !== "swipe";
    for (const [name, value] of [["by", state.byWeight ? "weight" : "country"], ["mode", state.mode]]) {
      for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[name=${name}]`))) input.checked = input.value === value;
    }
    if (points) pickMerchant(points.owners.names.indexOf(named("merchant")) + 1);
    if (lives) pickCard(lives.names.indexOf(named("card")));
    chooseCountry(codes.indexOf(named("country")));
    const at = named("at").split(",").map(Number);
    if (at.length === 3 && at.every(Number.isFinite)) [view.lat, view.lon, view.scale] = at;
    view.settle();
    writeLegend();
  }

  function saveCsv() {
    const tiles = worlds[state.mode === "b" ? 1 : 0];
    const saveText = (/** @type {string} */ text, /** @type {string} */ name) => save(new Blob([text], { type: "text/csv" }), `${name}.csv`);
    if (points && points.merchant) saveText(outletsCsv(points, codes), "outlets");
    else if (tiles.counts[state.country] > MOST_ROWS) tell([`${names[state.country]} has more than ${number(MOST_ROWS)} tiles`, [["Instead", "read the Parquet files"]]]);
    else saveText(tilesCsv(tiles, state.country, codes[state.country]), codes[state.country]);
  }

  // ---- The panel ----

  function writeLegend() {
    const redo = () => (writeLegend(), changed());
    element("legend", HTMLElement).replaceChildren(...legend(state, weights, words, dark.matches, isTwo, redo));
  }

  function buildPanel() {
    const total = worlds[0].counts.reduce((sum, count) => sum + count, 0);
    const some = worlds[0].counts.filter((count) => count > 0).length;
    /** @type {HTMLElement} */ (document.querySelector("#countries summary")).textContent = capital(words[1]);
    element("lead", HTMLElement).textContent = `${counted(total, "tile", "tiles")} of ${counted(some, words[0], words[1])} · ${number(grid.cellWidth * 3600, 3)} arc-seconds · rule ${data.worlds[0].rule}`;
    element("show", HTMLElement).hidden = !weights;
    const colourBy = (/** @type {string} */ value) => {
      state.byWeight = value === "weight";
      writeLegend();
      changed();
    };
    choicesOf("show").append(...radios("by", [["country", words[0]], ["weight", weights && weights.isPeople ? "people" : "weight"]], "country", colourBy));
    if (isTwo) {
      element("beside", HTMLElement).hidden = false;
      const label = (/** @type {number} */ i) => `${"AB"[i]}: ${data.worlds[i].name} (${data.worlds[i].rule}, ${data.worlds[i].hash})`;
      const setMode = (/** @type {string} */ mode) => {
        state.mode = mode;
        swipe.hidden = mode !== "swipe";
        writeLegend();
        changed();
      };
      choicesOf("beside").append(...radios("mode", [["swipe", "swipe"], ["differences", "only what differs"], ["a", label(0)], ["b", label(1)]], state.mode, setMode));
      swipe.oninput = () => {
        state.cut = Number(swipe.value) / 1000;
        changed();
      };
    }
    const numbers = (/** @type {string} */ name, /** @type {Iterable<number>} */ of) => ({ name, isNumber: true, values: [...of], texts: [...of].map((one) => number(one)) });
    /** @type {import("./table.js").Column[]} */
    const columns = [
      { name: capital(words[0]), isNumber: false, values: names, texts: names },
      { name: "Code", isNumber: false, values: codes, texts: codes },
      numbers("Tiles", worlds[0].counts),
    ];
    if (isTwo) columns.push(numbers("Tiles in B", worlds[1].counts));
    if (weights && weights.isPeople) columns.push(numbers("People", weights.scales.map((scale) => scale * weights.total)));
    fillTable(/** @type {HTMLTableElement} */ (document.querySelector("#countries table")), columns, goToCountry);
    element("notes", HTMLElement).replaceChildren(...data.notes.map((/** @type {string} */ note) => made("li", {}, note)));
    if (points) {
      element("sites", HTMLDetailsElement).hidden = false;
      const all = made("button", { id: "all", type: "button", hidden: true, onclick: () => pickMerchant(0) }, "Show all merchants");
      choicesOf("sites").append(all, ...categoryBoxes(points, categories, changed));
    }
    element("people", HTMLDetailsElement).hidden = !homes && !lives;
    if (homes) {
      const show = (/** @type {boolean} */ checked) => {
        state.showsHomes = checked;
        changed();
      };
      choicesOf("people").append(checkbox(false, show, swatch(css(HOMES)), `homes of ${counted(homes.count, "card", "cards")}`));
    }
    for (const { card: own, count } of lives ? lives.suspicious(SUSPICIOUS) : []) {
      const label = [isolated(lives ? lives.names[own] : ""), ` · ${counted(count, "impossible trip", "impossible trips")}`];
      choicesOf("people").append(made("button", { type: "button", onclick: () => pickCard(own) }, ...label));
    }
    if (innerWidth < NARROW_PX) fold(true);
  }

  // ---- Pointers, keys and fields ----

  /** @param {number} x @param {number} y */
  const cellAt = (x, y) => grid.cellAt(view.lonAt(x), view.latAt(y));
  /** The middle of what the panel leaves free, px. */
  const middleX = () => (view.width + view.covered) / 2;
  const middle = () => cellAt(middleX(), view.height / 2);

  /** @param {number} x @param {number} y */
  function tap(x, y) {
    // Points are those of the first world.
    const isFirst = worldAt(x) === 0;
    const site = points && isFirst ? points.nearest(view, x, y, Math.max(6, radius(scene) + 3)) : -1;
    const near = homes && isFirst && state.showsHomes ? homes.nearest(view, x, y, 8) : -1;
    if (points && site >= 0) {
      Object.assign(state, { site, cell: null });
      tell(siteFacts(points, site, data.countries));
    } else if (homes && near >= 0) {
      Object.assign(state, { site: -1, cell: null });
      const life = lives ? lives.names.indexOf(homes.owners.at(near)) : -1;
      if (life >= 0) pickCard(life);
      else tell(homeFacts(homes, near, data.countries));
    } else pick(cellAt(x, y), worldAt(x));
  }

  followPointers(canvas, view, {
    moved,
    tap,
    hover: (x, y) => {
      if (!state.isPinned) showCard(factsOf(cellAt(x, y), worldAt(x)), false);
    },
    leave: () => {
      if (!state.isPinned) card.hidden = true;
    },
  });

  /** @type {ReturnType<typeof setTimeout>} */
  let sayTimer = setTimeout(() => {}, 0);
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 200 : 60;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => view.pan(step, 0), ArrowRight: () => view.pan(-step, 0), ArrowUp: () => view.pan(0, step), ArrowDown: () => view.pan(0, -step),
      "+": () => view.zoom(1.6), "=": () => view.zoom(1.6), "-": () => view.zoom(1 / 1.6), Home: home,
    };
    if (event.key === "Enter") pick(middle(), worldAt(middleX()));
    else if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      keys[event.key]();
      moved();
      const cross = element("cross", HTMLElement);
      cross.hidden = false;
      cross.style.left = `${middleX()}px`;
      clearTimeout(sayTimer);
      sayTimer = setTimeout(() => sayFacts(factsOf(middle(), worldAt(middleX()))), 350);
    } else return;
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      fold(false);
      element("search", HTMLInputElement).focus();
    }
    if (event.key === "Escape") closeCard();
  });

  const field = element("search", HTMLInputElement);
  const list = element("found", HTMLElement);
  const matches = () => search(field.value, { grid, codes, names, places, merchants: points ? points.owners.names : [], cards: lives ? lives.names : [] });
  const listFound = () => {
    const items = matches().map((one) => made("li", {}, made("button", { type: "button", onclick: () => take(one) }, isolated(one.text))));
    if (!items.length && field.value.trim()) items.push(made("li", { className: "muted" }, "Nothing found"));
    list.replaceChildren(...items);
  };
  /** @param {import("./search.js").Found} found */
  const take = (found) => {
    list.replaceChildren();
    goToFound(found);
  };
  field.addEventListener("input", listFound);
  element("finder", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const [found] = matches();
    if (found) take(found);
    else listFound();
  });

  /** @param {string} id @param {() => void} then */
  const onClick = (id, then) => element(id, HTMLButtonElement).addEventListener("click", then);
  onClick("closer", () => (view.zoom(2), moved()));
  onClick("farther", () => (view.zoom(0.5), moved()));
  onClick("home", () => (home(), moved()));
  onClick("close", closeCard);
  onClick("fold", () => fold(!panel.classList.contains("folded")));
  onClick("csv", saveCsv);
  onClick("png", () => canvas.toBlob((blob) => blob && save(blob, "closedworld.png")));
  onClick("link", () => {
    writeLink();
    navigator.clipboard?.writeText(location.href).then(() => say("Copied"), () => say("The address bar has the link"));
  });
  const until = element("until", HTMLInputElement);
  until.oninput = () => tellLife(Number(until.value));
  const resize = () => {
    Object.assign(view, { width: innerWidth, height: innerHeight, covered: innerWidth < NARROW_PX ? 0 : panel.offsetLeft + panel.offsetWidth });
    view.settle();
    request();
  };
  addEventListener("resize", resize);
  addEventListener("hashchange", readLink);
  dark.addEventListener("change", () => (writeLegend(), changed()));

  resize();
  home();
  buildPanel();
  readLink();
  // Nobody has moved anything yet.
  clearTimeout(linkTimer);
  draw();
  document.documentElement.dataset.ready = "true";
  // For those who measure it: what it takes to draw once, and the view.
  Object.assign(window, { closedworld: { view, moved, worlds, grid, points, frames: () => redraws } });
}

if (typeof document !== "undefined") start(JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "{}"));
