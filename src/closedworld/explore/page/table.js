// The table of countries: sorted by any column.

/** Let the heads of a table sort it: numbers from the largest, which cells have as ``data-value``, texts from A. @param {HTMLTableElement} table */
export function letSort(table) {
  const [body] = table.tBodies;
  const heads = [.../** @type {HTMLTableSectionElement} */ (table.tHead).rows[0].cells];
  heads.forEach((head, column) => {
    head.onclick = () => {
      const isDescending = head.ariaSort ? head.ariaSort === "ascending" : head.className === "number";
      for (const other of heads) other.ariaSort = null;
      head.ariaSort = isDescending ? "descending" : "ascending";
      const valueOf = (/** @type {HTMLTableRowElement} */ { cells }) => cells[column].dataset.value ?? cells[column].innerText;
      const order = new Intl.Collator("en", { numeric: true });
      const way = isDescending ? -1 : 1;
      body.append(...[...body.rows].sort((a, b) => way * order.compare(valueOf(a), valueOf(b))));
    };
  });
}
