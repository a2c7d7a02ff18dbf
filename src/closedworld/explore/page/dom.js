// Elements of the page.

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** Where the choices of a part of the panel are. @param {string} id */
export function choicesOf(id) {
  return /** @type {HTMLElement} */ (document.querySelector(`#${id} .choices`));
}

/**
 * A new element. @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Record<string, unknown>} properties In the order of setting.
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[K]}
 */
export function made(tag, properties, ...children) {
  const one = document.createElement(tag);
  Object.assign(one, properties);
  one.append(...children);
  return one;
}

/** A text from a file, whose direction of writing changes nothing around it. @param {string} text */
export function isolated(text) {
  return made("bdi", {}, text);
}

/** A box to check, with its label. @param {boolean} checked @param {(checked: boolean) => void} then @param {...(Node | string)} label */
export function checkbox(checked, then, ...label) {
  const input = made("input", { type: "checkbox", checked });
  input.onchange = () => then(input.checked);
  return made("label", {}, input, ...label);
}

/** Choices of which one is taken. @param {string} name @param {[string, string][]} choices @param {string} chosen @param {(value: string) => void} then */
export function radios(name, choices, chosen, then) {
  return choices.map(([value, text]) =>
    made("label", {}, made("input", { type: "radio", name, value, checked: value === chosen, onchange: () => then(value) }), isolated(text)));
}

/** @param {string} colour */
export function swatch(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  svg.setAttribute("class", "swatch");
  for (const [name, value] of [["width", "12"], ["height", "12"], ["rx", "3"], ["fill", colour]]) dot.setAttribute(name, value);
  svg.append(dot);
  return svg;
}

/** Save a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  made("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}
