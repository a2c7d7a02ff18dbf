"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const table = document.getElementById("country-table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const search = document.getElementById("search");
  const remarked = document.getElementById("remarked");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const order = new Intl.Collator("en", { sensitivity: "base", numeric: true });

  // Accents and case do not matter to who looks for a country.
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = new Map(
    rows.map((row) => [row, folded(`${row.cells[0].textContent} ${row.cells[1].textContent}`)])
  );

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
  };

  // Cells without a figure stay at the end, whichever way the table is sorted.
  const compare = (a, b, sign) => {
    const emptyA = a === "" || Number.isNaN(a);
    const emptyB = b === "" || Number.isNaN(b);
    if (emptyA || emptyB) return Number(emptyA) - Number(emptyB);
    return sign * (typeof a === "number" ? a - b : order.compare(a, b));
  };

  const sortBy = (column) => {
    const head = heads[column];
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    const way = head.getAttribute("aria-sort") === first ? second : first;
    const sign = way === "ascending" ? 1 : -1;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", way);
    rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), sign));
    body.append(...rows);
  };

  const filter = () => {
    const wanted = folded(search.value.trim());
    let shown = 0;
    for (const row of rows) {
      const fits =
        words.get(row).includes(wanted) &&
        (!remarked.checked || row.cells[row.cells.length - 1].textContent.trim() !== "");
      row.hidden = !fits;
      shown += Number(fits);
    }
    count.textContent = `${shown} of ${rows.length}`;
    nothing.hidden = shown > 0;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(column));
    head.append(button);
  });
  search.addEventListener("input", filter);
  remarked.addEventListener("change", filter);
  document.querySelector(".controls").hidden = false;
  filter();
})();
