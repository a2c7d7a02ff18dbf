// Unit tests of the page's modules; ``pytest tests/explore`` runs them where there is Node.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const from = (name) => import(pathToFileURL(`${process.env.PAGE_MODULES}/${name}.js`).href);
const [{ integers, summed }, { Grid }, { Tiles }, { View }, { paintTiles }, { pixel }, { Points }, { Places, folded }, { search }, { sortedRows }, { Lives, kilometres }, { outletsCsv, tilesCsv }, { cellFacts }] =
  await Promise.all(["codec", "grid", "tiles", "view", "raster", "colours", "points", "places", "search", "table", "lives", "csv", "facts"].map(from));

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

test("a country across the antimeridian is found there, not round the globe", () => {
  const tiles = new Tiles(grid, ...[[2], [4, 4], [0, 34], [2, 2]].map((list) => Int32Array.from(list)));
  assert.deepEqual(tiles.boundsOf(0), { west: 160, east: 200, north: 50, south: 40 });
  assert.deepEqual(tiles.boundsOf(), tiles.boundsOf(0));
  const apart = new Tiles(grid, ...[[2, 1, 0], [4, 6, 3], [5, 9, 7], [2, 2, 1]].map((list) => Int32Array.from(list)));
  assert.deepEqual(apart.boundsOf(), { west: -130, east: -70, north: 60, south: 20 });
  assert.deepEqual(apart.boundsOf(1), { west: -110, east: -100, north: 60, south: 50 });
  assert.equal(apart.boundsOf(2), null);
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
    view.place();
    const picture = { pixels: new Uint32Array(90 * 60), width: 90, height: 60 };
    for (const _ of paintTiles(picture, view, tiles, colours, ground, { from: 0, to: 90 }));
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

test("the point under the pointer is the nearest one that is shown, across the antimeridian too", () => {
  const next = random(3);
  const lons = Int32Array.from({ length: 500 }, () => Math.round((next() * 20 + 170) * 1e5));
  const wrapped = lons.map((lon) => (lon > 18e6 ? lon - 36e6 : lon));
  const lats = Int32Array.from({ length: 500 }, () => Math.round((next() * 20 - 10) * 1e5));
  const points = new Points(1e-5, wrapped, lats);
  points.groups.numbers = new Int32Array(500);
  const view = new View(400, 400, 0.01);
  Object.assign(view, { lon: 180, lat: 0, scale: 20, scaleY: 20 });
  view.place();
  for (let i = 0; i < 100; i++) {
    const [x, y] = [next() * 400, next() * 400];
    const distance = (k) => Math.hypot(view.xOf(lons[k] * 1e-5) - x, view.yOf(lats[k] * 1e-5) - y);
    const best = [...lons.keys()].reduce((a, b) => (distance(b) < distance(a) ? b : a));
    const found = points.nearest(view, x, y, 12);
    assert.equal(found, distance(best) <= 12 ? best : -1);
  }
});

test("what people type is understood", () => {
  const places = new Places(["São Paulo", "Paris", "Parma"], Int32Array.from([1, 0, 0]), Float64Array.of(-46, 2, 10), Float64Array.of(-23, 48, 44));
  const among = { grid, codes: ["FR", "BR"], names: ["France", "Brazil"], places, merchants: ["M1", "</script>"], cards: ["C7"] };
  const first = (text) => search(text, among)[0];
  assert.deepEqual(first("48.5, 2.25"), { kind: "point", text: "latitude 48.5, longitude 2.25", lon: 2.25, lat: 48.5 });
  assert.equal(search("95, 2", among).length, 0);
  assert.equal(first("tile 647").id, 647);
  assert.equal(first("7").id, 7);
  assert.equal(search("648", among).length, 0);
  assert.equal(first("br").country, 1);
  assert.equal(first("franc").country, 0);
  assert.equal(first("SAO-PAU").place, 0);
  assert.deepEqual(search("par", among).map((one) => one.place), [1, 2]);
  assert.equal(first("m1").merchant, 1);
  assert.equal(first("c7").card, 0);
  assert.deepEqual(search("  ", among), []);
  assert.equal(folded("Łódź (Æ)"), "lodz ae");
});

test("columns sort both ways, and what has no number stays at the end", () => {
  const numbers = { name: "", isNumber: true, values: [3, NaN, 1], texts: [] };
  assert.deepEqual(sortedRows(numbers, true), [0, 2, 1]);
  assert.deepEqual(sortedRows(numbers, false), [2, 0, 1]);
  assert.deepEqual(sortedRows({ ...numbers, values: ["b", "a"] }, false), [1, 0]);
});

test("a trip is impossible when it is faster than a flight, over purchases without a place", () => {
  const degrees = (list) => Int32Array.from(list, (value) => Math.round(value * 1e5));
  // London, online, Paris after an hour; then New York an hour later, and back after eight.
  const [lons, lats] = [[-0.13, 0, 2.35, -74.0, 2.35], [51.5, 180, 48.86, 40.7, 48.86]].map(degrees);
  const seconds = Int32Array.from([0, 1800, 3600, 7200, 36000]);
  const lives = new Lives(["a", "b"], Int32Array.from([5, 0]), 1e-5, seconds, lons, lats);
  assert.deepEqual(lives.trips(0).map(({ from, to, isImpossible }) => [from, to, isImpossible]), [[0, 2, false], [2, 3, true], [3, 4, false]]);
  assert.deepEqual(lives.trips(1), []);
  assert.deepEqual(lives.suspicious(5), [{ card: 0, count: 1 }]);
  assert.ok(Math.abs(kilometres({ lon: 7, lat: 50 }, { lon: 7, lat: 51 }) - 111.195) < 0.001);
  assert.ok(Math.abs(kilometres({ lon: 179, lat: 0 }, { lon: -179, lat: 0 }) - 222.39) < 0.01);
});

test("a life across the antimeridian is looked at from near, one without places from nowhere", () => {
  const places = (...of) => Int32Array.from(of);
  const lives = new Lives(["a", "b"], places(3, 1), 1, places(0, 1, 2, 3), places(179, 0, -178, 0), places(-17, 180, -19, 180));
  const { west, east, south, north } = lives.boundsOf(0);
  for (const [value, expected] of [[west, 178.95], [east, 182.05], [south, -19.05], [north, -16.95]]) assert.ok(Math.abs(value - expected) < 1e-9, String(value));
  assert.equal(lives.boundsOf(1), null);
});

test("a selection is CSV that comes back, whatever the names", () => {
  const points = new Points(1e-5, Int32Array.of(700000, 800000), Int32Array.of(4500000, -100000));
  const column = (...names) => ({ at: (i) => names[i] });
  points.groups.numbers = new Int32Array(2);
  points.numbers = { countries: Int32Array.of(0, 0), orders: Int32Array.of(1, 2), mccs: Int32Array.of(0, 0) };
  points.texts = Object.fromEntries(["merchant_id", "category", "tzid", "place", "admin1"].map((name) => [name, column('say "hi", you', "plain")]));
  const lines = outletsCsv(points, ["CH"]).split("\n");
  const odd = '"say ""hi"", you"';
  assert.equal(lines[1], `${odd},CH,1,7.00000,45.00000,${odd},${odd},${odd},${odd}`);
  assert.equal(lines[2], "plain,CH,2,8.00000,-1.00000,plain,plain,plain,plain");
  const tiles = new Tiles(grid, ...[[0, 1], [4], [34], [2]].map((list) => Int32Array.from(list)));
  assert.deepEqual(tilesCsv(tiles, 1, "RU").split("\n").slice(1), ["RU,178,4,34,165,45", "RU,179,4,35,175,45", ""]);
  assert.equal(tilesCsv(tiles, 0, "FJ").split("\n").length, 2);
});

test("a cell of two countries names both, and one of none says so", () => {
  const tiles = new Tiles(grid, ...[[1, 1], [4, 4], [3, 3], [2, 1], [0]].map((list) => Int32Array.from(list)));
  const countries = { names: ["France", "Spain"], codes: ["FR", "ES"], words: ["region", "regions"] };
  assert.equal(cellFacts({ row: 4, col: 3 }, tiles, null, countries)[0], "France (FR) and Spain (ES)");
  assert.equal(cellFacts({ row: 4, col: 5 }, tiles, null, countries)[0], "No region");
  assert.equal(cellFacts(null, tiles, null, countries)[0], "Off the grid");
  const facts = Object.fromEntries(cellFacts({ row: 4, col: 4 }, tiles, null, countries)[1]);
  assert.deepEqual([facts["Row, column"], facts.tile_id, facts.Centroid], ["4, 4", "148", "45.000000, -135.000000"]);
});
