// Making elements. Text is only ever text: nothing here reads markup.

/** Return an element with properties, attributes (in `attributes`) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { attributes = {}, ...rest } = properties;
  Object.assign(element, rest);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return an element of SVG. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return a labelled choice; `options` are [value, text] pairs. */
export function choice(label, options, value, changed) {
  const select = make("select", { onchange: () => changed(select.value), attributes: { "data-key": label } });
  for (const [each, text] of options) select.append(make("option", { value: each, selected: each === value }, text));
  return make("label", { className: "choice" }, make("span", {}, label), select);
}

/** Fill an element again; the focus returns to the same thing, if it is still there. */
export function refill(root, ...children) {
  const key = root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  root.replaceChildren(...children);
  if (key !== undefined) root.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Return a table for those who cannot see the picture. */
export function spokenTable(caption, columns, rows) {
  const head = make("tr", {}, make("td"), ...columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map(([name, cells]) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", {}, cell))),
  );
  const table = make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { className: "spoken" }, table);
}

/** Move the focus among elements with the arrow keys, as in one row; the Tab key stops at one of them only. */
export function arrowKeys(elements) {
  const stopAt = (chosen) => elements.forEach((element) => (element.tabIndex = element === chosen ? 0 : -1));
  stopAt(elements[0]);
  elements.forEach((element, place) => {
    element.addEventListener("focus", () => stopAt(element));
    element.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      elements[(place + step + elements.length) % elements.length].focus();
    });
  });
}
