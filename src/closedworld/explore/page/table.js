// The table of countries: sorted by any column.

import { isolated, made } from "./dom.js";

/** @typedef {{name: string, isNumber: boolean, values: (string | number)[], texts: string[]}} Column */

/** Numbers of rows in the order of a column; what has no number stays at the end. @param {Column} column @param {boolean} isDescending */
export function sortedRows(column, isDescending) {
  const way = isDescending ? -1 : 1;
  return column.values
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [column.values[a], column.values[b]];
      if (typeof x === "string" || typeof y === "string") return way * String(x).localeCompare(String(y)) || a - b;
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
      return way * (x - y) || a - b;
    });
}

/**
 * Fill a table, and let its heads sort it. @param {HTMLTableElement} table
 * @param {Column[]} columns The first one is a button that calls ``go``. @param {(row: number) => void} go
 */
export function fillTable(table, columns, go) {
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  const lines = columns[0].texts.map((_, row) => {
    const name = made("button", { type: "button", onclick: () => go(row) }, isolated(columns[0].texts[row]));
    return made("tr", {}, ...columns.map(({ isNumber, texts }, i) => made("td", { className: isNumber ? "number" : "" }, i > 0 ? texts[row] : name)));
  });
  for (const column of columns) {
    const cell = made("th", { scope: "col" });
    const sort = () => {
      const was = cell.getAttribute("aria-sort");
      const isDescending = was === null ? column.isNumber : was === "ascending";
      for (const other of head.cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      body.replaceChildren(...sortedRows(column, isDescending).map((row) => lines[row]));
    };
    cell.append(made("button", { type: "button", onclick: sort }, column.name));
    head.append(cell);
  }
  body.replaceChildren(...lines);
}
