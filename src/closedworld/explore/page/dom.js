// Elements of the page.

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/**
 * A new element. @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Record<string, unknown>} properties
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function made(tag, properties, ...children) {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...children);
  return one;
}

/** A button; names are from files, whose direction of writing must change nothing around them. @param {string} text @param {() => void} onclick */
export const button = (text, onclick) => made("button", { type: "button", onclick }, made("bdi", {}, text));

/** Save a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  made("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

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
      body.append(...[...body.rows].sort((a, b) => (isDescending ? -1 : 1) * order.compare(valueOf(a), valueOf(b))));
    };
  });
}
