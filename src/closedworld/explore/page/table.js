// The table of countries: sorted by any column.

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
    const line = document.createElement("tr");
    columns.forEach((column, i) => {
      const cell = line.insertCell();
      if (column.isNumber) cell.className = "number";
      if (i > 0) cell.textContent = column.texts[row];
      else {
        const button = document.createElement("button");
        button.type = "button";
        button.append(isolated(column.texts[row]));
        button.addEventListener("click", () => go(row));
        cell.append(button);
      }
    });
    return line;
  });
  columns.forEach((column) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.name;
    button.addEventListener("click", () => {
      const was = cell.getAttribute("aria-sort");
      const isDescending = was === null ? column.isNumber : was === "ascending";
      for (const other of head.cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      body.replaceChildren(...sortedRows(column, isDescending).map((row) => lines[row]));
    });
    cell.append(button);
    head.append(cell);
  });
  body.replaceChildren(...lines);
}

/** A text from a file, whose direction of writing changes nothing around it. @param {string} text */
export function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}
