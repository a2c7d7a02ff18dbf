// The page: what is shown, how people move through it, and what they are told.

import { Borders } from "./borders.js";
import { css, HOMES, mixed, pixel, POINTS, rampPixels, SIDES, THEMES } from "./colours.js";
import { outletsCsv, tilesCsv } from "./csv.js";
import { cellFacts, homeFacts, number, purchaseFacts, short, siteFacts } from "./facts.js";
import { Grid } from "./grid.js";
import { Lives } from "./lives.js";
import { Painter } from "./painter.js";
import { Places } from "./places.js";
import { Points } from "./points.js";
import { paintTiles, Weights } from "./raster.js";
import { search } from "./search.js";
import { fillTable, isolated } from "./table.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

const IDLE_MS = 160;
const MOVING_MS = 9;
const RESTING_MS = 40;
const GRID_LINES_PX = 7;
const MOST_ROWS = 2e6;
const RAMP_LEVELS = 256;
const SUSPICIOUS = 12;
const MOST_REGION_DEGREES = 200;

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** @param {any} data */
async function start(data) {
  const grid = new Grid(data.grid);
  const { codes, names } = data.countries;
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
  const state = {
    mode: worlds.length > 1 ? "swipe" : "a",
    byWeight: false,
    country: -1,
    /** @type {import("./grid.js").Cell | null} */
    cell: null,
    site: -1,
    showsHomes: false,
    card: -1,
    until: Infinity,
    isPinned: false,
    movedAt: -1e9,
    isDue: false,
  };

  const theme = () => THEMES[dark.matches ? "dark" : "light"];
  /** Categories by number: the most frequent ones have colours of their own. */
  const category = categoriesOf(points);

  const painter = new Painter(paint);
  let redraws = 0;

  function draw() {
    state.isDue = false;
    const isMoving = performance.now() - state.movedAt < IDLE_MS;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const isDone = painter.work(view, ratio, isMoving ? MOVING_MS : RESTING_MS);
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = css(theme().off);
    ctx.fillRect(0, 0, view.width, view.height);
    ctx.imageSmoothingEnabled = !isMoving;
    painter.show(ctx, view);
    drawLines(ctx, isMoving);
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
    clearTimeout(linkTimer);
    linkTimer = setTimeout(writeLink, 300);
  }

  /** Paint tiles and points. @param {import("./raster.js").Picture} picture @param {View} own In its px. @param {boolean} isWorld */
  function* paint(picture, own, isWorld) {
    const whole = { from: 0, to: own.width };
    const palette = theme();
    // Paler where there is something to see before them.
    const pale = palette.countries.map((colour) => mixed(colour, palette.off, points ? 0.55 : state.country >= 0 ? 0.35 : 0));
    const ofCountry = data.countries.colours.map((/** @type {number} */ c, /** @type {number} */ i) => (i === state.country ? palette.countries : pale)[c]);
    const recolour = state.byWeight && weights ? weights.painter(own, rampPixels(dark.matches, RAMP_LEVELS), pixel(palette.none)) : undefined;
    const cut = state.mode === "swipe" ? (isWorld ? 0 : Math.round((Number(swipe.value) / 1000) * own.width)) : state.mode === "b" ? 0 : own.width;
    if (state.mode === "differences" && differences) {
      yield* paintTiles(picture, own, worlds[0], codes.map(() => palette.none), palette, whole);
      const over = new Uint32Array(picture.pixels.length);
      yield* paintTiles({ ...picture, pixels: over }, own, differences, SIDES, { sea: palette.none, off: palette.none }, whole);
      const none = pixel(palette.none);
      for (let i = 0; i < over.length; i++) if (over[i] !== none) picture.pixels[i] = over[i];
    } else {
      if (cut > 0) yield* paintTiles(picture, own, worlds[0], ofCountry, palette, { from: 0, to: cut }, recolour);
      if (cut < own.width) yield* paintTiles(picture, own, worlds[1] ?? worlds[0], ofCountry, palette, { from: cut, to: own.width });
    }
    const dots = isWorld ? 0.5 : radius() * (own.width / view.width);
    if (homes && state.showsHomes && state.card < 0) yield* homes.paint(picture, own, [HOMES], palette.off, dots, whole);
    // The life of a card is shown by itself.
    if (points && state.card < 0) yield* points.paint(picture, own, category.colours, palette.off, dots, cut ? { from: 0, to: cut } : whole);
  }

  function radius() {
    const near = Math.log2(view.scale / view.least);
    return Math.min(5, Math.max(0.5, near / 2) + (points && points.merchant ? 1.5 : 0));
  }

  /** Draw borders, lines between tiles, names and what is chosen. @param {CanvasRenderingContext2D} to @param {boolean} isMoving */
  function drawLines(to, isMoving) {
    const px = view.scale * grid.cellWidth;
    if (px >= GRID_LINES_PX) {
      to.beginPath();
      const first = Math.floor((view.west - grid.west) / grid.cellWidth);
      for (let col = first; view.xOf(grid.west + col * grid.cellWidth) < view.width; col++) {
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
    if (borders) {
      to.beginPath();
      borders.trace(to, view, isMoving ? 2 : 0.7);
      to.strokeStyle = theme().line;
      // Lines of one px are drawn many times as fast as wider ones.
      to.lineWidth = px > 8 && !isMoving ? 1.4 : 1 / (devicePixelRatio || 1);
      to.lineJoin = "bevel";
      to.stroke();
    }
    if (!isMoving) places.write(to, view, theme());
    if (state.cell && state.isPinned) {
      const { west, east, north, south } = grid.bounds(state.cell);
      const x = view.xOf(view.turned((west + east) / 2)) - px / 2;
      to.strokeStyle = css(theme().accent);
      to.lineWidth = 2.5;
      to.strokeRect(x, view.yOf(north), Math.max(4, px), Math.max(4, (north - south) * view.scaleY));
    }
    if (points && state.site >= 0) {
      to.beginPath();
      to.arc(view.xOf(view.turned(points.lons[state.site] * points.degrees)), view.yOf(points.lats[state.site] * points.degrees), 9, 0, 2 * Math.PI);
      to.strokeStyle = css(theme().accent);
      to.lineWidth = 2.5;
      to.stroke();
    }
    if (lives && state.card >= 0) lives.draw(to, view, state.card, state.until, { ...theme(), red: css(theme().accent) });
    if (state.mode === "swipe") {
      const x = (Number(swipe.value) / 1000) * view.width;
      to.fillStyle = theme().ink;
      to.fillRect(x - 1, 0, 2, view.height);
    }
  }

  function moved() {
    state.movedAt = performance.now();
    element("cross", HTMLElement).hidden = true;
    request();
    clearTimeout(linkTimer);
    linkTimer = setTimeout(writeLink, 300);
  }
  /** @type {ReturnType<typeof setTimeout>} */
  let linkTimer = setTimeout(() => {}, 0);

  /** The world that is shown at a px of the page. @param {number} x */
  const worldAt = (x) => (state.mode === "b" || (state.mode === "swipe" && x > (Number(swipe.value) / 1000) * view.width) ? 1 : 0);

  /** @param {import("./grid.js").Cell | null} cell @param {number} world */
  const factsOf = (cell, world) => cellFacts(cell, worlds[world], world === 0 ? weights : null, data.countries);

  /** Show the life of a card, all of it. @param {number} card -1 for none. */
  function pickCard(card) {
    if (!lives) return;
    Object.assign(state, { card, until: Infinity });
    const slider = element("until", HTMLInputElement);
    element("life", HTMLElement).hidden = card < 0;
    changed();
    if (card < 0) return;
    const [first, last] = [lives.firsts[card], lives.firsts[card + 1] - 1];
    Object.assign(slider, { min: String(first), max: String(last), value: String(last) });
    const found = Array.from({ length: last - first + 1 }, (_, i) => lives.placeOf(first + i)).filter((place) => place !== null);
    if (found.length) {
      // As seen from the first place, so that a life across the antimeridian stays together.
      const lons = found.map(({ lon }) => lon - 360 * Math.round((lon - found[0].lon) / 360));
      const lats = found.map(({ lat }) => lat);
      view.fit({ west: Math.min(...lons) - 0.05, east: Math.max(...lons) + 0.05, south: Math.min(...lats) - 0.05, north: Math.max(...lats) + 0.05 });
      moved();
    }
    tellLife(last);
  }

  /** Say what the slider stands at. @param {number} i */
  function tellLife(i) {
    if (!lives) return;
    state.until = lives.seconds[i];
    Object.assign(state, { site: -1, cell: null, isPinned: true });
    const shown = purchaseFacts(lives, state.card, i);
    showCard(shown, true);
    sayFacts(shown);
    request();
  }

  /** @param {[string, [string, string][]]} facts @param {boolean} isPinned */
  function showCard([title, facts], isPinned) {
    card.hidden = false;
    card.classList.toggle("passing", !isPinned);
    /** @type {HTMLElement} */ (card.querySelector("h2")).replaceChildren(isolated(title));
    const rows = facts.flatMap(([name, value]) => {
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = name;
      dd.append(isolated(value));
      return [dt, dd];
    });
    if (isPinned && points && state.site >= 0 && !points.merchant) rows.push(document.createElement("dt"), merchantButton(points, state.site));
    /** @type {HTMLElement} */ (card.querySelector("dl")).replaceChildren(...rows);
  }

  /** @param {Points} all @param {number} site */
  function merchantButton(all, site) {
    const [dd, button] = [document.createElement("dd"), document.createElement("button")];
    button.textContent = "Show all its outlets";
    button.addEventListener("click", () => pickMerchant(all.texts.merchant_id.numbers[site]));
    dd.append(button);
    return dd;
  }

  /** @param {string} text */
  const say = (text) => (element("said", HTMLElement).textContent = text);
  /** @param {[string, [string, string][]]} facts */
  const sayFacts = ([title, facts]) => say(`${title}. ${facts.map((fact) => fact.join(" ")).join(". ")}`);

  /** Choose a cell, and say what it is. @param {import("./grid.js").Cell | null} cell @param {number} world */
  function pick(cell, world) {
    Object.assign(state, { cell, site: -1, isPinned: true });
    const runs = worlds[world].runsAt(cell);
    if (runs.length) chooseCountry(worlds[world].countries[runs[0]]);
    showCard(factsOf(cell, world), true);
    sayFacts(factsOf(cell, world));
    request();
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
    if (merchant) say(`Outlets of merchant ${points.texts.merchant_id.names[merchant - 1]} alone`);
    updateCsv();
    changed();
  }

  /** @param {number} country */
  function goToCountry(country) {
    const bounds = worlds[0].boundsOf(country) ?? worlds[worlds.length - 1].boundsOf(country);
    if (bounds) view.fit(bounds);
    chooseCountry(country);
    say(`${names[country]}: ${number(worlds[0].counts[country])} tiles`);
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
    if (innerWidth < 640) fold(true);
  }

  /** @param {boolean} isFolded */
  function fold(isFolded) {
    panel.classList.toggle("folded", isFolded);
    element("fold", HTMLButtonElement).setAttribute("aria-expanded", String(!isFolded));
  }

  function writeLink() {
    const parts = new URLSearchParams({ at: `${view.lat.toFixed(6)},${view.lon.toFixed(6)},${view.scale.toPrecision(6)}` });
    if (state.byWeight) parts.set("by", "weight");
    if (weights && weights.isLinear) parts.set("scale", "linear");
    if (state.country >= 0) parts.set("country", codes[state.country]);
    if (points && points.merchant) parts.set("merchant", points.texts.merchant_id.names[points.merchant - 1]);
    if (worlds.length > 1) parts.set("mode", state.mode);
    try {
      history.replaceState(null, "", `#${parts}`);
    } catch {
      // A frame without an address of its own.
    }
  }

  function readLink() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const at = (parts.get("at") ?? "").split(",").map(Number);
    if (at.length === 3 && at.every(Number.isFinite)) [view.lat, view.lon, view.scale] = at;
    view.settle();
    state.byWeight = weights !== null && parts.get("by") === "weight";
    if (weights) weights.isLinear = parts.get("scale") === "linear";
    state.country = codes.indexOf(parts.get("country") ?? "");
    if (worlds.length > 1 && ["a", "b", "swipe", "differences"].includes(parts.get("mode") ?? "")) state.mode = parts.get("mode") ?? "";
    if (points) points.merchant = points.texts.merchant_id.names.indexOf(parts.get("merchant") ?? "") + 1;
  }

  const home = () => {
    const bounds = worlds[0].boundsOf();
    if (bounds && bounds.east - bounds.west < MOST_REGION_DEGREES) return view.fit(bounds);
    view.scale = 0;
    view.centre(8, 0);
  };

  /** @param {Blob} blob @param {string} name */
  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function saveCsv() {
    const tiles = worlds[state.mode === "b" ? 1 : 0];
    if (points && points.merchant) save(new Blob([outletsCsv(points, codes)], { type: "text/csv" }), "outlets.csv");
    else if (tiles.counts[state.country] > MOST_ROWS) {
      showCard([`${names[state.country]} has more than ${number(MOST_ROWS)} tiles`, [["Instead", "read the Parquet files"]]], true);
      say(`${names[state.country]} has more than ${number(MOST_ROWS)} tiles: read the Parquet files instead.`);
    } else save(new Blob([tilesCsv(tiles, state.country, codes[state.country])], { type: "text/csv" }), `${codes[state.country]}.csv`);
  }

  // ---- Building the panel ----

  /** @param {string} id @param {string} name @param {[string, string][]} choices @param {string} chosen @param {(value: string) => void} then */
  function radios(id, name, choices, chosen, then) {
    const box = /** @type {HTMLElement} */ (document.querySelector(`#${id} .choices`));
    for (const [value, text] of choices) {
      const [label, input] = [document.createElement("label"), document.createElement("input")];
      Object.assign(input, { type: "radio", name, value, checked: value === chosen });
      input.addEventListener("change", () => then(value));
      label.append(input, isolated(text));
      box.append(label);
    }
  }

  function writeLegend() {
    const box = element("legend", HTMLElement);
    const text = document.createElement("p");
    text.className = "muted";
    if (state.mode === "differences") {
      text.append(...SIDES.flatMap((side, i) => [swatch(css(side)), ` tiles that a country has in ${"AB"[i]} alone `]));
      box.replaceChildren(text);
      return;
    }
    if (!state.byWeight || !weights) {
      text.textContent = "Neighbouring countries have different colours; where tiles cover a pixel in part, the sea shows through. Tiles of two countries are a mixture.";
      box.replaceChildren(text);
      return;
    }
    const bar = document.createElement("canvas");
    [bar.width, bar.height] = [RAMP_LEVELS, 1];
    const image = new ImageData(RAMP_LEVELS, 1);
    new Uint32Array(image.data.buffer).set(rampPixels(dark.matches, RAMP_LEVELS));
    /** @type {CanvasRenderingContext2D} */ (bar.getContext("2d")).putImageData(image, 0, 0);
    const ticks = document.createElement("div");
    ticks.className = "ticks";
    for (const at of [0, 0.25, 0.5, 0.75, 1]) {
      const tick = document.createElement("span");
      tick.textContent = short(weights.isLinear ? at * 10 ** weights.highest : 10 ** (weights.lowest + at * (weights.highest - weights.lowest)));
      tick.style.left = `${at * 100}%`;
      ticks.append(tick);
    }
    const unit = weights.isPeople ? "People per km²" : `Share of the country's weight per km², by ${weights.basis}`;
    text.append(`${unit}, mean over ${weights.block === 1 ? "single tiles" : `blocks of ${weights.block} × ${weights.block} tiles`}`);
    text.append(weights.cells.size ? `; from near, single tiles for ${weights.cells.size} ${weights.cells.size === 1 ? "country" : "countries"}. ` : ". ", swatch(css(theme().none)), " no weight");
    box.replaceChildren(bar, ticks, text);
    const choices = document.createElement("div");
    choices.className = "choices";
    box.append(choices);
    radios("legend", "scale", [["log", "logarithmic"], ["linear", "linear"]], weights.isLinear ? "linear" : "log", (value) => {
      weights.isLinear = value === "linear";
      writeLegend();
      changed();
    });
  }

  function buildSites() {
    if (!points) return;
    element("sites", HTMLDetailsElement).hidden = false;
    const box = /** @type {HTMLElement} */ (document.querySelector("#sites .choices"));
    const all = document.createElement("button");
    Object.assign(all, { id: "all", type: "button", textContent: "Show all merchants", hidden: points.merchant === 0 });
    all.addEventListener("click", () => pickMerchant(0));
    box.append(all);
    for (const { number: value, count, name } of category.listed) {
      const [label, input, tally] = [document.createElement("label"), document.createElement("input"), document.createElement("span")];
      Object.assign(input, { type: "checkbox", checked: true });
      input.addEventListener("change", () => {
        if (input.checked) points.hidden.delete(value);
        else points.hidden.add(value);
        changed();
      });
      tally.className = "count";
      tally.textContent = number(count);
      label.append(input, swatch(css(category.colours[value])), isolated(name), tally);
      box.append(label);
    }
  }

  function buildPeople() {
    if (!homes && !lives) return;
    element("people", HTMLDetailsElement).hidden = false;
    const box = /** @type {HTMLElement} */ (document.querySelector("#people .choices"));
    if (homes) {
      const [label, input] = [document.createElement("label"), document.createElement("input")];
      input.type = "checkbox";
      input.addEventListener("change", () => {
        state.showsHomes = input.checked;
        changed();
      });
      label.append(input, swatch(css(HOMES)), `homes of ${number(homes.count)} cards`);
      box.append(label);
    }
    if (!lives) return;
    for (const { card: own, count } of lives.suspicious(SUSPICIOUS)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(isolated(lives.names[own]), ` · ${count} impossible ${count === 1 ? "trip" : "trips"}`);
      button.addEventListener("click", () => pickCard(own));
      box.append(button);
    }
    element("until", HTMLInputElement).addEventListener("input", (event) => tellLife(Number(/** @type {HTMLInputElement} */ (event.target).value)));
    element("none", HTMLButtonElement).addEventListener("click", closeCard);
  }

  function build() {
    const tiles = worlds[0];
    const total = tiles.counts.reduce((sum, count) => sum + count, 0);
    element("lead", HTMLElement).textContent = `${number(total)} tiles of ${tiles.counts.filter((count) => count > 0).length} countries · ${number(grid.cellWidth * 3600, 3)} arc-seconds · rule ${data.worlds[0].rule}`;
    element("show", HTMLElement).hidden = !weights;
    radios("show", "by", [["country", "country"], ["weight", weights && weights.isPeople ? "people" : "weight"]], state.byWeight ? "weight" : "country", (value) => {
      state.byWeight = value === "weight";
      writeLegend();
      changed();
    });
    if (worlds.length > 1) {
      element("beside", HTMLElement).hidden = false;
      const label = (/** @type {number} */ i) => `${"AB"[i]}: ${data.worlds[i].name} (${data.worlds[i].rule}, ${data.worlds[i].hash})`;
      const setMode = (/** @type {string} */ mode) => {
        state.mode = mode;
        swipe.hidden = mode !== "swipe";
        writeLegend();
        changed();
      };
      radios("beside", "mode", [["swipe", "swipe"], ["differences", "only what differs"], ["a", label(0)], ["b", label(1)]], state.mode, setMode);
      swipe.hidden = state.mode !== "swipe";
      swipe.addEventListener("input", changed);
    }
    /** @type {import("./table.js").Column[]} */
    const columns = [
      { name: "Country", isNumber: false, values: names, texts: names },
      { name: "Code", isNumber: false, values: codes, texts: codes },
      { name: "Tiles", isNumber: true, values: [...tiles.counts], texts: [...tiles.counts].map((count) => number(count)) },
    ];
    if (worlds.length > 1) columns.push({ name: "Tiles in B", isNumber: true, values: [...worlds[1].counts], texts: [...worlds[1].counts].map((count) => number(count)) });
    if (weights && weights.isPeople) {
      const persons = weights.scales.map((scale) => scale * weights.total);
      columns.push({ name: "People", isNumber: true, values: persons, texts: persons.map((count) => number(count)) });
    }
    fillTable(/** @type {HTMLTableElement} */ (document.querySelector("#countries table")), columns, goToCountry);
    element("notes", HTMLElement).replaceChildren(...data.notes.map((/** @type {string} */ note) => Object.assign(document.createElement("li"), { textContent: note })));
    buildSites();
    buildPeople();
    writeLegend();
    updateCsv();
    if (innerWidth < 640) fold(true);
  }

  // ---- Moving through it ----

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
    if (!was) {
      if (!state.isPinned) showCard(factsOf(cellAt(at.x, at.y), worldAt(at.x)), false);
      return;
    }
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
  canvas.addEventListener("pointerleave", () => {
    if (!state.isPinned) card.hidden = true;
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1))) / 300), event.clientX, event.clientY);
    moved();
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => {
    view.zoom(2, event.clientX, event.clientY);
    moved();
  });

  /** The cell in the middle of what the panel leaves free. */
  const middle = () => cellAt((view.width + view.covered) / 2, view.height / 2);
  /** @param {number} x @param {number} y */
  const cellAt = (x, y) => grid.cellAt(view.lonAt(x), view.latAt(y));

  /** @param {number} x @param {number} y */
  function tap(x, y) {
    const site = points ? points.nearest(view, x, y, Math.max(6, radius() + 3)) : -1;
    if (points && site >= 0) {
      Object.assign(state, { site, cell: null, isPinned: true });
      showCard(siteFacts(points, site, data.countries), true);
      sayFacts(siteFacts(points, site, data.countries));
      request();
    } else if (homes && state.showsHomes && homes.nearest(view, x, y, 8) >= 0) {
      const home = homes.nearest(view, x, y, 8);
      const life = lives ? lives.names.indexOf(homes.owners.at(home)) : -1;
      if (life >= 0) pickCard(life);
      else showCard(homeFacts(homes, home, data.countries), true);
    } else pick(cellAt(x, y), worldAt(x));
  }

  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 200 : 60;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => view.pan(step, 0), ArrowRight: () => view.pan(-step, 0), ArrowUp: () => view.pan(0, step), ArrowDown: () => view.pan(0, -step),
      "+": () => view.zoom(1.6), "=": () => view.zoom(1.6), "-": () => view.zoom(1 / 1.6), Home: home,
    };
    if (event.key === "Enter") pick(middle(), worldAt((view.width + view.covered) / 2));
    else if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      keys[event.key]();
      moved();
      element("cross", HTMLElement).hidden = false;
      element("cross", HTMLElement).style.left = `${(view.width + view.covered) / 2}px`;
      clearTimeout(sayTimer);
      sayTimer = setTimeout(() => sayFacts(factsOf(middle(), worldAt((view.width + view.covered) / 2))), 350);
    } else return;
    event.preventDefault();
  });
  /** @type {ReturnType<typeof setTimeout>} */
  let sayTimer = setTimeout(() => {}, 0);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      fold(false);
      element("search", HTMLInputElement).focus();
    }
    if (event.key === "Escape") closeCard();
  });

  function closeCard() {
    card.hidden = true;
    Object.assign(state, { isPinned: false, cell: null, site: -1 });
    pickCard(-1);
    chooseCountry(-1);
  }

  const field = element("search", HTMLInputElement);
  const matches = () => search(field.value, { grid, codes, names, places, merchants: points ? points.texts.merchant_id.names : [], cards: lives ? lives.names : [] });
  const listFound = () => {
    const found = matches();
    const items = found.map((one) => {
      const [item, button] = [document.createElement("li"), document.createElement("button")];
      button.type = "button";
      button.append(isolated(one.text));
      button.addEventListener("click", () => take(one));
      item.append(button);
      return item;
    });
    if (!items.length && field.value.trim()) items.push(Object.assign(document.createElement("li"), { textContent: "Nothing found", className: "muted" }));
    element("found", HTMLElement).replaceChildren(...items);
  };
  /** @param {import("./search.js").Found} found */
  const take = (found) => {
    element("found", HTMLElement).replaceChildren();
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
  const resize = () => {
    Object.assign(view, { width: innerWidth, height: innerHeight, covered: innerWidth < 640 ? 0 : panel.offsetLeft + panel.offsetWidth });
    view.settle();
    request();
  };
  addEventListener("resize", resize);
  addEventListener("hashchange", () => (readLink(), writeLegend(), changed()));
  dark.addEventListener("change", () => (writeLegend(), changed()));

  resize();
  home();
  readLink();
  build();
  draw();
  document.documentElement.dataset.ready = "true";
  // For those who measure it: what it takes to draw once, and the view.
  Object.assign(window, { closedworld: { view, moved, worlds, grid, points, frames: () => redraws } });
}

/** Categories of points by frequency, and the colour of each number. @param {Points | null} points */
function categoriesOf(points) {
  /** @type {import("./colours.js").Rgb[]} */
  const colours = [];
  if (!points) return { colours, listed: [] };
  const { names, numbers } = points.texts.category;
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

/** @param {string} colour */
function swatch(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  svg.setAttribute("class", "swatch");
  for (const [name, value] of [["width", "12"], ["height", "12"], ["rx", "3"], ["fill", colour]]) dot.setAttribute(name, value);
  svg.append(dot);
  return svg;
}

if (typeof document !== "undefined") start(JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent ?? "{}"));
