// hyparquet: each file of a folder.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { main } from "./summing.mjs";

const folder = process.argv[3];
const load = (name) => import(pathToFileURL(createRequire(path.join(folder, "x")).resolve(name)));
const { asyncBufferFromFile, parquetReadObjects } = await load("hyparquet");
const { compressors } = await load("hyparquet-compressors");
const about = path.join(folder, "node_modules", "hyparquet", "package.json");
const { version } = JSON.parse(fs.readFileSync(about, "utf8"));

await main(version, async (files) => {
  const rows = [];
  for (const one of files) {
    const file = await asyncBufferFromFile(one);
    for (const row of await parquetReadObjects({ file, compressors })) rows.push(row);
  }
  return rows;
});
