// Unit tests of the page's modules; ``pytest tests/explore`` runs them where there is Node.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const from = (name) => import(pathToFileURL(`${process.env.PAGE_MODULES}/${name}.js`).href);
const [{ integers, summed, Table }, { Grid }, { Tiles }, { boxOf, View }, { balancePainter, paintTiles, Weights }, { pixel }, { Points }, { folded, writePlaces }, { named, search }, { Lives, kilometres }, { pointsCsv, tilesCsv }, { cellFacts, rowFacts }] =
  await Promise.all(["codec", "grid", "tiles", "view", "raster", "colours", "points", "places", "search", "lives", "csv", "facts"].map(from));

const grid = new Grid({ west: -180, north: 90, cell_width: 10, cell_height: 10, n_cols: 36, n_rows: 18 });
const random = (seed) => () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);

/** Random runs of two countries, which may overlap each other. */
function someTiles(next) {
  const [counts, rows, starts, lengths] = [[0, 0], [], [], []];
  for (let country = 0; country < 2; country++) {
    for (let row = 0; row < 18; row++) {
      for (let col = Math.floor(next() * 12); col < 36; ) {
        const length = Math.min(36 - col, 1 + Math.floor(next() * 6));
        rows.push(row);
        starts.push(col);
        lengths.push(length);
        counts[country]++;
        col += length + 1 + Math.floor(next() * 12);
      }
    }
  }
  return new Tiles(grid, ...[counts, rows, starts, lengths].map((list) => Int32Array.from(list)));
}

test("integers come back from bytes, the largest and the negative too", () => {
  // 1, -1, 300 and -(2^30) after zigzag: 2, 1, 600, 2^31 - 1.
  const zigzag = [2, 1, 600, 2147483647];
  const planes = [0, 8, 16, 24].flatMap((shift) => zigzag.map((value) => (value >>> shift) & 255));
  assert.deepEqual([...integers(Uint8Array.from([4, ...planes]))], [1, -1, 300, -1073741824]);
  assert.deepEqual([...integers(Uint8Array.from([1]))], []);
  assert.deepEqual([...summed(Int32Array.from([5, -2, 4]))], [5, 3, 7]);
});

test("the cell of a point is the eastern and southern one of two, at any turn", () => {
  assert.deepEqual(grid.cellAt(-180, 90), { row: 0, col: 0 });
  assert.deepEqual(grid.cellAt(180, 0), { row: 9, col: 0 });
  assert.deepEqual(grid.cellAt(539.9, -90), { row: 17, col: 35 });
  assert.deepEqual(grid.cellAt(10, 10), { row: 8, col: 19 });
  assert.equal(grid.cellAt(0, 90.1), null);
  const half = new Grid({ west: 0, north: 10, cell_width: 1, cell_height: 1, n_cols: 5, n_rows: 5 });
  assert.equal(half.cellAt(5.5, 5), null);
  assert.deepEqual(half.cellAt(-355.5, 7.5), { row: 2, col: 4 });
});

test("cells of the globe have the area of the ellipsoid", () => {
  let total = 0;
  for (let row = 0; row < grid.nRows; row++) total += grid.areaM2(row) * grid.nCols;
  assert.ok(Math.abs(total / 510065621724088.4 - 1) < 1e-12, String(total));
});

test("a tile id names its cell, and nothing else does", () => {
  for (const id of [0, 35, 36, 647]) assert.equal(grid.tileId(grid.cellOf(id)), id);
  for (const id of [-1, 648, 1.5, NaN]) assert.equal(grid.cellOf(id), null);
});

test("the runs of a cell are those that hold it", () => {
  const next = random(5);
  const tiles = someTiles(next);
  for (let row = 0; row < 18; row++) {
    for (let col = 0; col < 36; col++) {
      const expected = [...tiles.rows.keys()].filter((run) => tiles.rows[run] === row && tiles.starts[run] <= col && col < tiles.starts[run] + tiles.lengths[run]);
      assert.deepEqual(tiles.runsAt({ row, col }).sort((a, b) => a - b), expected);
    }
  }
});

test("a view shows each point where it says, and zooming keeps the point below", () => {
  const next = random(7);
  const view = new View(800, 600, 0.1);
  view.settle();
  for (let i = 0; i < 300; i++) {
    const [x, y] = [next() * 800, 200 + next() * 200];
    const [lon, lat] = [view.lonAt(x), view.latAt(y)];
    const before = view.scale;
    view.zoom(0.5 + next(), x, y);
    if (Math.abs(view.lat) < 60 && view.scale !== before && view.scale > 8 * view.least) {
      assert.ok(Math.abs(view.turned(view.lonAt(x)) - view.turned(lon)) < 1e-6);
      assert.ok(Math.abs(view.latAt(y) - lat) * view.scaleY < 1.5, `${i}`);
    }
    assert.ok(Math.abs(view.xOf(view.lonAt(x)) - x) < 1e-6 && Math.abs(view.yOf(view.latAt(y)) - y) < 1e-6);
    assert.ok(view.scale >= view.least && view.scale <= view.most && Math.abs(view.lat) <= 90 && Math.abs(view.lon) <= 180);
    view.pan((next() - 0.5) * 400, (next() - 0.5) * 400);
  }
});

test("a pixel is the mixture of what covers it", () => {
  const next = random(11);
  const tiles = someTiles(next);
  const colours = [[200, 0, 0], [0, 0, 200]];
  const ground = { sea: [0, 100, 0], off: [9, 9, 9] };
  for (const scale of [0.37, 1.3, 7.7]) {
    const view = new View(90, 60, 1);
    Object.assign(view, { lon: 150, lat: 20, scale, scaleY: scale * 1.21 });
    const picture = { pixels: new Uint32Array(90 * 60), width: 90, height: 60 };
    for (const _ of paintTiles(picture, view, tiles, colours, ground));
    for (let i = 0; i < 200; i++) {
      const [x, y] = [Math.floor(next() * 90), Math.floor(next() * 60)];
      const got = picture.pixels[y * 90 + x];
      if (Math.abs(view.latAt(y + 0.5)) > 90) {
        assert.equal(got, pixel(ground.off));
        continue;
      }
      if (Math.abs(view.latAt(y)) > 90 || Math.abs(view.latAt(y + 1)) > 90) continue;
      // Many points of the pixel, and whose tile each is in.
      let [r, b, none] = [0, 0, 0];
      const fine = 40;
      for (let k = 0; k < fine * fine; k++) {
        const cell = grid.cellAt(view.lonAt(x + ((k % fine) + 0.5) / fine), view.latAt(y + (Math.floor(k / fine) + 0.5) / fine));
        const owners = tiles.runsAt(cell).map((run) => tiles.countries[run]);
        if (owners.includes(0)) r += 1;
        if (owners.includes(1)) b += 1;
        if (!owners.length) none += 1;
      }
      const total = fine * fine;
      const covered = (r + b) / total;
      const share = covered > 1 ? 1 / covered : 1;
      const expected = [(200 * r * share) / total, 100 * Math.max(0, 1 - covered), (200 * b * share) / total];
      const found = [got & 255, (got >> 8) & 255, (got >> 16) & 255];
      expected.forEach((value, c) => assert.ok(Math.abs(value - found[c]) <= 14, `${scale} ${x},${y}: ${expected} ${found} ${none}`));
    }
  }
});

/** Weights of the tiles, a byte for each block of one tile. */
function weightsOf(tiles, codes) {
  return new Weights({ is_people: false, scales: [1, 1], total: 1, overview: { block: 1, lowest: -1, highest: 3, top: 8, codes: "" } }, tiles, codes, new Map());
}

test("colours of weights mix with the sea as those of countries do", () => {
  const tiles = new Tiles(grid, ...[[1, 1], [4, 4], [3, 5], [1, 1]].map((list) => Int32Array.from(list)));
  const codes = new Uint8Array(648);
  [codes[147], codes[149]] = [255, 0];
  const weights = weightsOf(tiles, codes);
  const theme = { sea: [0, 100, 0], off: [9, 9, 9], none: [50, 50, 50], ramp: [[0, 0, 0], [200, 0, 40]] };
  // A pixel is 8 degrees; it has the colour of what is at its middle, as far as tiles cover it.
  const view = Object.assign(new View(8, 1, 1), { lon: -150 + 32, lat: 46, scale: 1 / 8, scaleY: 1 / 8 });
  const picture = { pixels: new Uint32Array(8), width: 8, height: 1 };
  for (const _ of paintTiles(picture, view, tiles, [[1, 2, 3], [4, 5, 6]], theme, weights.painter(view, theme)));
  const found = [...picture.pixels].map((px) => [px & 255, (px >> 8) & 255, (px >> 16) & 255]);
  assert.deepEqual(found.slice(0, 5), [[200, 0, 40], [13, 88, 13], [25, 75, 25], [38, 63, 38], [0, 100, 0]]);
});

test("the scale of colours is logarithmic or linear, and what is beyond it has its last colour", () => {
  const weights = weightsOf(someTiles(random(2)), new Uint8Array(648));
  assert.deepEqual([0.01, 0.1, 10, 1000, 5000].map((value) => weights.levelOf(value)), [0, 0, 0.5, 1, 1]);
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1].map((level) => weights.densityAt(level)), [0.1, 1, 10, 100, 1000]);
  weights.isLinear = true;
  assert.deepEqual([0, 2, 8, 9].map((value) => weights.levelOf(value)), [0, 0.25, 1, 1]);
  assert.equal(weights.densityAt(0.5), 4);
});

test("of two weights, the colour says which is more, fully from four times on", () => {
  const tiles = someTiles(random(2));
  // Codes are 4 decades over 254 steps: 39 of them are more than fourfold.
  const [a, b] = [[100, 100, 100, 100, 0, 100, 0], [100, 139, 61, 119, 100, 0, 0]].map((list) => {
    const codes = new Uint8Array(648);
    codes.set(list, 144);
    return weightsOf(tiles, codes);
  });
  const view = Object.assign(new View(7, 1, 1), { lon: -145, lat: 45, scale: 0.1, scaleY: 0.1 });
  const tints = balancePainter(a, b, view, { sides: [[200, 0, 0], [0, 0, 200]], none: [100, 100, 100] })(7, 45);
  const found = [...tints].map((px) => [px & 255, (px >> 8) & 255, (px >> 16) & 255]);
  const [none, moreA, moreB] = [[100, 100, 100], [200, 0, 0], [0, 0, 200]];
  assert.deepEqual([0, 1, 2, 4, 5, 6].map((x) => found[x]), [none, moreB, moreA, moreB, moreA, none]);
  assert.ok(found[3][2] > 140 && found[3][2] < 160, String(found[3]));
});

test("a name is left of its dot where there is no room on the right, and nowhere where there is none", () => {
  const written = [];
  const ctx = { measureText: (text) => ({ width: 10 * text.length }), beginPath() {}, arc() {}, stroke() {}, fill() {}, strokeText() {}, fillText: (text, x, y) => written.push([text, x, y]) };
  const view = Object.assign(new View(400, 400, 1), { lon: 0, lat: 0, scale: 10, scaleY: 10 });
  // In the middle; too near to it on the right; on its left; at the right edge.
  const lons = [0, 1, -2, 19];
  const places = new Table({ name: { numbers: [1, 2, 3, 4], names: ["One", "Two", "Three", "Edge"] }, lon: { numbers: lons }, lat: { numbers: [0, 0, 0, 15] } });
  writePlaces(ctx, places, view, { ink: "", halo: "" });
  assert.deepEqual(written, [["One", 206, 200], ["Three", 124, 200], ["Edge", 344, 50]]);
});

test("of two worlds, each shows its own points, and those of one alone where they differ", () => {
  const column = (...numbers) => ({ numbers });
  const points = new Points(new Table({ lon: column(0, 1, 2, 3), lat: column(0, 0, 0, 0), owner: column(1, 1, 1, 2), world: column(0, 1, 2, 1) }), "owner");
  const shown = (unseen) => [0, 1, 2, 3].filter((i) => points.isShown(i, unseen));
  assert.deepEqual([2, 1, 0].map(shown), [[0, 1, 3], [0, 2], [1, 2, 3]]);
  points.alone = 1;
  assert.deepEqual(shown(0), [1, 2]);
  const view = Object.assign(new View(40, 10, 1), { lon: 1.5, lat: 0, scale: 10, scaleY: 10 });
  const picture = { pixels: new Uint32Array(400), width: 40, height: 10 };
  for (const _ of points.paint(picture, view, [[9, 9, 9], [200, 0, 0], [0, 0, 200]], [0, 0, 0], 0.5, 0));
  assert.deepEqual([...picture.pixels].filter(Boolean), [pixel([200, 0, 0]), pixel([0, 0, 200])]);
  const at = (unseen) => points.nearest(view, view.xOf(0.9), view.yOf(0), 12, unseen);
  assert.deepEqual([at(2), at(1)], [1, 0]);
});

test("dots are round, and larger ones have a whole rim", () => {
  const column = (...numbers) => ({ numbers });
  const points = new Points(new Table({ lon: column(0), lat: column(0), owner: column(1) }), "owner");
  const view = Object.assign(new View(9, 9, 1), { lon: 0, lat: 0, scale: 1, scaleY: 1 });
  const drawn = (radius) => {
    const picture = { pixels: new Uint32Array(81), width: 9, height: 9 };
    for (const _ of points.paint(picture, view, [[200, 0, 0]], [255, 255, 255], radius));
    return Array.from({ length: 9 }, (_, y) => [...picture.pixels.subarray(9 * y, 9 * y + 9)].map((px) => (px === 0 ? "." : px === pixel([200, 0, 0]) ? "#" : "o")).join(""));
  };
  assert.deepEqual(drawn(0.5).filter((line) => line !== "........."), ["....#...."]);
  assert.deepEqual(drawn(1.8).slice(2, 7), [".........", "...###...", "...###...", "...###...", "........."]);
  assert.deepEqual(drawn(2.6).slice(1, 8), ["...ooo...", "..o###o..", ".o#####o.", ".o#####o.", ".o#####o.", "..o###o..", "...ooo..."]);
});

test("the point under the pointer is the nearest one that is shown, across the antimeridian too", () => {
  const next = random(3);
  const lons = Int32Array.from({ length: 500 }, () => Math.round((next() * 20 + 170) * 1e5));
  const wrapped = lons.map((lon) => (lon > 18e6 ? lon - 36e6 : lon));
  const lats = Int32Array.from({ length: 500 }, () => Math.round((next() * 20 - 10) * 1e5));
  const degrees = (steps) => Float64Array.from(steps, (step) => step / 1e5);
  const owner = { numbers: new Int32Array(500) };
  const points = new Points(new Table({ lon: { numbers: degrees(wrapped) }, lat: { numbers: degrees(lats) }, owner }), "owner");
  const view = new View(400, 400, 0.01);
  Object.assign(view, { lon: 180, lat: 0, scale: 20, scaleY: 20 });
  for (let i = 0; i < 100; i++) {
    const [x, y] = [next() * 400, next() * 400];
    const distance = (k) => Math.hypot(view.xOf(lons[k] * 1e-5) - x, view.yOf(lats[k] * 1e-5) - y);
    const best = [...lons.keys()].reduce((a, b) => (distance(b) < distance(a) ? b : a));
    const found = points.nearest(view, x, y, 12);
    assert.equal(found, distance(best) <= 12 ? best : -1);
  }
});

test("what people type is understood", () => {
  const among = {
    country: named(["France (FR)", "Brazil (BR)"], ["FR France", "BR Brazil"]),
    place: named(["Compar, France", "São Paulo, Brazil", "Paris, France", "Le Parc, France"], ["Compar", "São Paulo", "Paris", "Le Parc"]),
    merchant: named(["merchant M1", "merchant </script>"], ["M1", "</script>"]),
    card: named(["card C7"], ["C7"]),
  };
  const found = (text) => search(text, grid, among);
  const first = (text) => [found(text)[0].kind, found(text)[0].at];
  assert.deepEqual(found("48.5, 2.25"), [{ kind: "point", text: "latitude 48.5, longitude 2.25", at: -1, lon: 2.25, lat: 48.5 }]);
  assert.equal(found("95, 2").length, 0);
  for (const [text, id] of [["tile 647", 647], ["7", 7]]) assert.deepEqual(grid.cellAt(found(text)[0].lon, found(text)[0].lat), grid.cellOf(id));
  assert.equal(found("648").length, 0);
  assert.deepEqual(first("br"), ["country", 1]);
  assert.deepEqual(first("franc"), ["country", 0]);
  assert.deepEqual(first("SAO-PAU"), ["place", 1]);
  assert.deepEqual(first("paulo"), ["place", 1]);
  // Names that begin so come first.
  assert.deepEqual(found("par").map((one) => one.at), [2, 3]);
  assert.deepEqual(first("m1"), ["merchant", 0]);
  assert.deepEqual(first("c7"), ["card", 0]);
  assert.deepEqual(found("  "), []);
  assert.equal(folded("Łódź (Æ)"), "lodz ae");
});

/** Lives of cards, each purchase as card, second, longitude and latitude. */
function livesOf(names, ...purchases) {
  const column = (k) => ({ numbers: Float64Array.from(purchases, (own) => own[k]) });
  return new Lives(names, new Table({ card: column(0), second: column(1), lon: column(2), lat: column(3) }));
}

test("a trip is impossible when it is faster than a flight, over purchases without a place", () => {
  // London, online, Paris after an hour; then New York an hour later, and back after eight.
  const lives = livesOf(["a", "b"], [0, 0, -0.13, 51.5], [0, 1800, 0, 180], [0, 3600, 2.35, 48.86], [0, 7200, -74, 40.7], [0, 36000, 2.35, 48.86]);
  assert.deepEqual(lives.trips(0).map(({ from, to, isImpossible }) => [from, to, isImpossible]), [[0, 2, false], [2, 3, true], [3, 4, false]]);
  assert.deepEqual(lives.trips(1), []);
  assert.deepEqual(lives.suspicious(5), [{ card: 0, count: 1 }]);
  assert.ok(Math.abs(kilometres(7, 50, 7, 51) - 111.195) < 0.001);
  assert.ok(Math.abs(kilometres(179, 0, -179, 0) - 222.39) < 0.01);
});

test("a life across the antimeridian is looked at from near, one without places from nowhere", () => {
  const lives = livesOf(["a", "b"], [0, 0, 179, -17], [0, 1, 0, 180], [0, 2, -178, -19], [1, 3, 0, 180]);
  const box = (card) => boxOf(lives.lons, lives.lats, lives.placed(card));
  const { west, east, south, north } = box(0);
  for (const [value, expected] of [[west, 178.95], [east, 182.05], [south, -19.05], [north, -16.95]]) assert.ok(Math.abs(value - expected) < 1e-9, String(value));
  assert.equal(box(1), null);
});

test("a selection is CSV that comes back, whatever the names", () => {
  const odd = 'say "hi", you';
  const table = new Table({
    merchant_id: { numbers: [1, 2, 1], names: [odd, "plain"] }, site_order: { numbers: [1, 2, 3] },
    lon: { numbers: [7, 8, 9] }, lat: { numbers: [45.00001, -1, 2] }, place: { numbers: [0, 1, 1], names: ["Bern"] },
  });
  const points = new Points(table, "merchant_id");
  assert.deepEqual(pointsCsv(points).split("\n"), ["merchant_id,site_order,lon,lat,place", '"say ""hi"", you",1,7,45.00001,', "plain,2,8,-1,Bern", '"say ""hi"", you",3,9,2,Bern', ""]);
  points.alone = 2;
  assert.equal(pointsCsv(points).split("\n")[1], "plain,2,8,-1,Bern");
  const tiles = new Tiles(grid, ...[[0, 1], [4], [34], [2]].map((list) => Int32Array.from(list)));
  assert.deepEqual(tilesCsv(tiles, 1, "RU").split("\n").slice(1), ["RU,178,4,34,165,45", "RU,179,4,35,175,45", ""]);
  assert.equal(tilesCsv(tiles, 0, "FJ").split("\n").length, 2);
});

test("the facts of a row are its columns that have a label and a value", () => {
  const table = new Table({ a: { numbers: [1, 0], names: ["x"], label: "A" }, b: { numbers: [5, 5] }, tzid: { numbers: [1, 1], names: ["Mars/Base"], label: "Time" } });
  assert.deepEqual(rowFacts(table, 0), [["A", "x"], ["Time", "Mars/Base"]]);
  assert.deepEqual(rowFacts(table, 1), [["Time", "Mars/Base"]]);
});

test("a cell of two countries names both, and one of none says so", () => {
  const tiles = new Tiles(grid, ...[[1, 1], [4, 4], [3, 3], [2, 1]].map((list) => Int32Array.from(list)));
  const countries = { names: ["France", "Spain"], codes: ["FR", "ES"], words: ["region", "regions"] };
  assert.equal(cellFacts({ row: 4, col: 3 }, tiles, null, countries)[0], "France (FR) and Spain (ES)");
  assert.equal(cellFacts({ row: 4, col: 5 }, tiles, null, countries)[0], "No region");
  assert.equal(cellFacts(null, tiles, null, countries)[0], "Off the grid");
  const facts = Object.fromEntries(cellFacts({ row: 4, col: 4 }, tiles, null, countries)[1]);
  assert.deepEqual([facts["Row, column"], facts.tile_id, facts.Centroid], ["4, 4", "148", "45.000000, -135.000000"]);
});
