// DuckDB in WebAssembly: a list of files, since there is no folder in a browser.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { main } from "./summing.mjs";

const require = createRequire(path.join(process.argv[3], "x"));
const dist = path.dirname(require.resolve("@duckdb/duckdb-wasm"));
const duckdb = require("@duckdb/duckdb-wasm/blocking");
const bundle = (name) => ({ mainModule: path.join(dist, `duckdb-${name}.wasm`), mainWorker: "" });
const database = await duckdb.createDuckDB(
  { mvp: bundle("mvp"), eh: bundle("eh") }, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
await database.instantiate();
const connection = database.connect();
const { version } = JSON.parse(fs.readFileSync(path.join(dist, "..", "package.json"), "utf8"));

await main(version, async (files) => {
  const list = files.map((one) => `'${one}'`).join(", ");
  return connection.query(`SELECT * FROM parquet_scan([${list}])`).toArray().map((row) => row.toJSON());
});
