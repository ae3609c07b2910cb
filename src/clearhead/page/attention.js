// The three attentions: arcs and a matrix of one head, and all heads side by side.

import { colour, colourParts } from "./colour.js";
import { PLACES, labels, matrix, shown } from "./data.js";
import { choice, draw, make, refill, spokenTable } from "./dom.js";
import { exportButtons } from "./export.js";

const CELL = 26;
const ZOOMS = [4, 6, 9, 14, 20, CELL]; // sizes of a cell
const DRAWN_CELLS = 4096; // beyond this a canvas shows the cells, as so many elements are slow
const ARCS = 4; // the strongest of each query, where there are many tokens
const SHORTEST = 0.02;

const widest = (names) => 12 + 7.6 * Math.max(...names.map((name) => [...name].length));
const sized = (width, height) => ({ viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, width: Math.ceil(width), height: Math.ceil(height) });
const hidden = (place, query, key) => place === "decoder" && key > query;

/** Return the entropy in bits of each row's weights, averaged. */
export function entropy(rows) {
  const bits = rows.map((row) => row.reduce((sum, share) => sum - (share > 0 ? share * Math.log2(share) : 0), 0));
  return bits.reduce((sum, each) => sum + each, 0) / bits.length;
}

/** Return the largest weight of each row, averaged: 1 where every query looks at one key only. */
export function sharpness(rows) {
  return rows.reduce((sum, row) => sum + Math.max(...row), 0) / rows.length;
}

function matrixPicture(rows, queries, keys, place, report, most) {
  const left = widest(queries);
  const top = widest(keys) * 0.9;
  const width = left + keys.length * CELL + 0.5 * top + 8;
  const height = top + queries.length * CELL + 8;
  const svg = draw("svg", { ...sized(width, height), class: "matrix", "aria-hidden": "true" });
  const pattern = draw("pattern", { id: "masked", width: 5, height: 5, patternUnits: "userSpaceOnUse" }, draw("path", { d: "M0 5L5 0", class: "hatch" }));
  svg.append(draw("defs", {}, pattern));
  queries.forEach((name, query) =>
    svg.append(draw("text", { x: left - 6, y: top + (query + 0.68) * CELL, "text-anchor": "end" }, name)),
  );
  keys.forEach((name, key) =>
    svg.append(draw("text", { transform: `translate(${left + (key + 0.65) * CELL} ${top - 6}) rotate(-55)` }, name)),
  );
  rows.forEach((row, query) =>
    row.forEach((share, key) => {
      const masked = hidden(place, query, key);
      const cell = draw("rect", {
        x: left + key * CELL, y: top + query * CELL, width: CELL - 1, height: CELL - 1, rx: 3,
        fill: masked ? "url(#masked)" : colour(share / most), "data-query": query, "data-key": key,
      });
      const tell = () => report(query, key, masked ? null : share);
      cell.addEventListener("mouseenter", tell);
      cell.addEventListener("click", tell);
      svg.append(cell);
    }),
  );
  return svg;
}

/** Return a matrix whose cells are painted and whose labels are drawn around them, every one that has room. */
function matrixCanvas(rows, queries, keys, place, report, most, size) {
  const [left, top] = [widest(queries), widest(keys) * 0.9];
  const canvas = make("canvas", { width: keys.length * size, height: queries.length * size, className: "matrix", attributes: { "aria-hidden": "true" } });
  canvas.style.left = `${left}px`;
  canvas.style.top = `${top}px`;
  paint(canvas, rows, size, place, most);
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const key = Math.floor(((event.clientX - box.left) / box.width) * keys.length);
    const query = Math.floor(((event.clientY - box.top) / box.height) * queries.length);
    if (rows[query]?.[key] !== undefined) report(query, key, hidden(place, query, key) ? null : rows[query][key]);
  });
  const every = Math.ceil(13 / size);
  const label = (attributes, name) => draw("text", attributes, name);
  const named = [
    ...queries.map((name, query) => (query % every ? null : label({ x: left - 6, y: top + (query + 0.5) * size + 4, "text-anchor": "end" }, name))),
    ...keys.map((name, key) => (key % every ? null : label({ transform: `translate(${left + (key + 0.5) * size + 3} ${top - 6}) rotate(-55)` }, name))),
  ].filter(Boolean);
  const svg = draw("svg", { ...sized(left + canvas.width + 0.5 * top + 8, top + canvas.height + 8), "aria-hidden": "true" }, ...named);
  return make("div", { className: "painted" }, svg, canvas);
}

function paint(canvas, rows, size, place, most) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(rows[0].length * size, rows.length * size);
  rows.forEach((row, query) => row.forEach((share, key) => {
    const masked = hidden(place, query, key);
    const parts = masked ? [] : [...colourParts(share / most), 255];
    for (let y = query * size; y < (query + 1) * size; y += 1) {
      for (let x = key * size; x < (key + 1) * size; x += 1) {
        image.data.set(masked ? [128, 128, 128, (x + y) % 4 ? 40 : 110] : parts, 4 * (y * image.width + x));
      }
    }
  }));
  context.putImageData(image, 0, 0);
}

function arcsPicture(rows, queries, keys, place, many) {
  const line = 24;
  const [left, right] = [widest(queries), widest(keys)];
  const middle = 200;
  const height = Math.max(queries.length, keys.length) * line + 12;
  const svg = draw("svg", { ...sized(left + middle + right, height), class: "arcs", "aria-hidden": "true" });
  let rest = 0;
  rows.forEach((row, query) => {
    const strongest = [...row.entries()].filter(([key]) => !hidden(place, query, key)).sort((one, two) => two[1] - one[1]);
    const kept = many ? strongest.slice(0, ARCS) : strongest;
    rest += 1 - kept.reduce((sum, [, share]) => sum + share, 0);
    for (const [key, share] of kept) {
      if (share < SHORTEST) continue;
      const [y1, y2] = [(query + 0.75) * line, (key + 0.75) * line];
      const [x1, x2] = [left + 4, left + middle - 4];
      const path = `M${x1} ${y1}C${x1 + middle / 2} ${y1} ${x2 - middle / 2} ${y2} ${x2} ${y2}`;
      svg.append(draw("path", { d: path, class: "arc", "stroke-opacity": share.toFixed(3), "stroke-width": (0.6 + 3 * share).toFixed(2), "data-query": query }));
    }
  });
  const focus = (query) => svg.querySelectorAll(".arc").forEach((arc) => arc.classList.toggle("dim", query !== null && Number(arc.dataset.query) !== query));
  queries.forEach((name, query) => {
    const text = draw("text", { x: left, y: (query + 0.75) * line + 4, "text-anchor": "end", class: "query" }, name);
    text.addEventListener("mouseenter", () => focus(query));
    text.addEventListener("mouseleave", () => focus(null));
    svg.append(text);
  });
  keys.forEach((name, key) => svg.append(draw("text", { x: left + middle, y: (key + 0.75) * line + 4 }, name)));
  return [svg, Math.max(0, rest / rows.length)];
}

const MEASURES = { attention: "attention weights", norms: "norms of weighted values", zeroing: "value zeroing" };
const MEASURE_VERBS = { attention: "attends to", norms: "is brought by", zeroing: "turns without" };
const MEASURE_NOTES = {
  attention: "Each row is a query: it attends to the keys, and its weights sum to 1. ",
  norms: "How long the vector is that each key brings to a query, as a share of its row (Kobayashi et al. 2020): a head that looks at a token may take nothing from it. ",
  zeroing: "How far a query's state turns in a layer when a key's value is nothing, as a share of its row (Mohebbi et al. 2023); it is one for all heads. ",
};

/** Fill the view of the three attentions. */
export function attentionView(data, root) {
  const there = Object.entries(PLACES).filter(([place]) => data.attention[place].shape[0]);
  const state = { measure: "attention", place: data.attention.cross.shape[0] ? "cross" : there[0][0], layer: null, head: null, picture: "matrix", order: "place", zoom: null };

  function heads() {
    const [layers, count] = data[state.measure][state.place].shape;
    const found = [];
    for (let layer = 0; layer < layers; layer += 1) {
      for (let head = 0; head < count; head += 1) {
        const rows = matrix(data[state.measure][state.place], layer, head);
        const role = state.measure === "attention" ? data.roles[state.place][layer][head] : "";
        found.push({ layer, head, rows, role, entropy: entropy(rows), sharpness: sharpness(rows) });
      }
    }
    const orders = {
      place: () => 0,
      entropy: (one, two) => one.entropy - two.entropy,
      sharpness: (one, two) => two.sharpness - one.sharpness,
      role: (one, two) => one.role.localeCompare(two.role),
    };
    return found.sort(orders[state.order]);
  }

  function build() {
    const array = data[state.measure][state.place];
    const [layers, count, queryCount, keyCount] = array.shape;
    const [queries, keys] = labels(data, state.place);
    const rows = matrix(array, state.layer, state.head);
    const many = queryCount * keyCount > DRAWN_CELLS;
    const arcs = state.picture === "arcs";
    const most = largest(rows);
    const size = state.zoom ?? ZOOMS.findLast((each) => each * keyCount <= 620) ?? ZOOMS[0];
    const hint = arcs ? "Point at a word on the left to see its arcs alone." : "Point at a cell to read its weight.";
    const said = make("p", { className: "said", attributes: { "aria-live": "polite" } }, hint);
    const report = (query, key, share) => {
      said.textContent = share === null
        ? `“${queries[query]}” may not look at “${keys[key]}”: that comes later`
        : `“${queries[query]}” ${MEASURE_VERBS[state.measure]} “${keys[key]}”: ${shown(share)}`;
    };
    const set = (changes) => {
      Object.assign(state, changes);
      build();
    };
    const numbers = (total) => [["mean", "mean of all"], ...[...Array(total).keys()].map((each) => [String(each), String(each)])];
    const number = (value) => (value === "mean" ? null : Number(value));

    let picture;
    let note = "";
    if (arcs) {
      let rest;
      [picture, rest] = arcsPicture(rows, queries, keys, state.place, many);
      if (many) note = `The ${ARCS} strongest of each query are drawn; ${(100 * rest).toFixed(0)} % of the attention rests on the others.`;
    } else {
      picture = (many ? matrixCanvas : matrixPicture)(rows, queries, keys, state.place, report, most, size);
    }
    const name = `${state.measure}-${state.place}-layer-${state.layer ?? "mean"}-head-${state.head ?? "mean"}`;
    const exports = picture instanceof SVGElement
      ? exportButtons(() => picture, name)
      : exportButtons(() => matrixPicture(rows, queries, keys, state.place, report, most), name);

    const multiples = make("div", { className: "multiples" });
    const dot = Math.max(1, Math.min(7, Math.floor(110 / Math.max(queryCount, keyCount))));
    const all = heads();
    const mostOfAll = Math.max(...all.map((each) => largest(each.rows)));
    for (const each of all) {
      const canvas = make("canvas", { width: keyCount * dot, height: queryCount * dot, attributes: { "aria-hidden": "true" } });
      paint(canvas, each.rows, dot, state.place, mostOfAll);
      const chosen = each.layer === state.layer && each.head === state.head;
      const figures = `entropy ${each.entropy.toFixed(2)} bits, sharpness ${shown(each.sharpness)}`;
      multiples.append(
        make("button", {
          type: "button", className: chosen ? "small chosen" : "small", title: figures,
          attributes: { "data-key": `${each.layer}.${each.head}`, "aria-pressed": String(chosen), "aria-label": `layer ${each.layer}, head ${each.head}: ${each.role} ${figures}` },
          onclick: () => set({ layer: each.layer, head: each.head }),
        }, canvas, make("span", {}, `${each.layer}.${each.head}`), make("span", { className: "role" }, each.role)),
      );
    }
    const orders = [["place", "layer and head"], ["entropy", "entropy"], ["sharpness", "sharpness"], ["role", "role in this sentence"]];

    refill(root,
      make("div", { className: "controls" },
        Object.keys(data.norms).length
          ? choice("Measure", Object.entries(MEASURES).filter(([each]) => Object.keys(data[each]).length), state.measure, (measure) => set({ measure, layer: null, head: null }))
          : "",
        choice("Attention", there, state.place, (place) => set({ place, layer: null, head: null })),
        choice("Layer", numbers(layers), state.layer === null ? "mean" : String(state.layer), (value) => set({ layer: number(value) })),
        choice("Head", numbers(count), state.head === null ? "mean" : String(state.head), (value) => set({ head: number(value) })),
        choice("Picture", [["matrix", "matrix"], ["arcs", "arcs"]], state.picture, (value) => set({ picture: value })),
        exports),
      make("div", { className: "beside" },
        make("div", {},
          arcs ? "" : make("p", { className: "note" }, MEASURE_NOTES[state.measure],
            state.place === "decoder" ? "The hatched half is masked: no position sees what comes after it." : ""),
          data.measureNote ? make("p", { className: "note" }, data.measureNote) : "",
          many && !arcs ? zoomButtons(size, (zoom) => set({ zoom })) : "",
          said,
          make("div", { className: "picture", attributes: { tabindex: "0", role: "group", "aria-label": "Picture; the table below has its numbers" } }, picture),
          arcs ? "" : scale(most),
          note ? make("p", { className: "note" }, note) : ""),
        make("div", {},
          make("h3", {}, "Every layer and head"),
          make("div", { className: "controls" }, choice("Order", orders, state.order, (order) => set({ order }))),
          multiples)),
      many
        ? make("p", { className: "note" }, "The table of all weights is left out for a text this long; clearhead look --out look.npz has them.")
        : spokenTable(`${MEASURES[state.measure]}, ${PLACES[state.place]}, ${name}: rows are queries, columns keys`, keys, rows.map((row, query) => [queries[query], [...row].map(shown)])),
    );
  }

  build();
}

const largest = (rows) => Math.max(1e-9, ...rows.map((row) => Math.max(...row)));

function zoomButtons(size, set) {
  const place = ZOOMS.indexOf(size);
  const button = (text, label, to) =>
    make("button", { type: "button", disabled: to === undefined, onclick: () => set(to), attributes: { "data-key": label, "aria-label": label } }, text);
  return make("p", { className: "exports" }, button("−", "Smaller cells", ZOOMS[place - 1]), button("+", "Larger cells", ZOOMS[place + 1]));
}

function scale(most) {
  const steps = [...Array(41).keys()].map((step) => draw("rect", { x: step * 5, y: 0, width: 5.5, height: 10, fill: colour(step / 40) }));
  const svg = draw("svg", { viewBox: "0 0 206 10", width: 206, height: 10, "aria-hidden": "true" }, ...steps);
  return make("p", { className: "scale" }, "0 ", svg, ` ${shown(most)}, the largest shown`);
}
