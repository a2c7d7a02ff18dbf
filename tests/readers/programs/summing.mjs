// What every program for JavaScript does with the rows that its engine read: as summing.py.
import fs from "node:fs";
import path from "node:path";

export async function main(version, rowsOf) {
  const request = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  const tables = {};
  for (const [name, [place, integers, reals, texts, times, flags]] of Object.entries(request)) {
    try {
      const found = { countries: {}, integers: {}, reals: {}, texts: {}, times: {}, flags: {}, missing: {} };
      for (const one of integers) found.integers[one] = 0n;
      for (const one of reals) found.reals[one] = found.missing[one] = 0;
      for (const one of texts) found.texts[one] = found.missing[one] = 0;
      for (const one of times) found.times[one] = 0n;
      for (const one of times) found.missing[one] = 0;
      for (const one of flags) found.flags[one] = 0;
      for (const row of await rowsOf(filesOf(place))) {
        found.countries[row.country_iso] = (found.countries[row.country_iso] ?? 0) + 1;
        for (const one of integers) found.integers[one] += BigInt(row[one]);
        for (const one of [...reals, ...texts, ...times]) if (row[one] == null) found.missing[one] += 1;
        for (const one of reals) found.reals[one] += row[one] ?? 0;
        for (const one of texts) found.texts[one] += Buffer.byteLength(row[one] ?? "");
        for (const one of times) if (row[one] != null) found.times[one] += BigInt(Number(row[one])) * 1000n;
        for (const one of flags) found.flags[one] += Number(row[one]);
      }
      for (const one of times) found.times[one] = String(found.times[one]);
      for (const one of integers) found.integers[one] = String(found.integers[one]);
      tables[name] = found;
    } catch (error) {
      tables[name] = { error: String(error).slice(0, 300) };
    }
  }
  process.stdout.write(JSON.stringify({ version, tables }) + "\n");
}

function filesOf(place) {
  if (!fs.statSync(place).isDirectory()) return [place];
  return fs.readdirSync(place).sort().map((name) => path.join(place, name));
}
