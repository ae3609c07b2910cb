// What Python put into the page: numbers as base64, everything else as it is.

/** Return {shape, values} of an array that Python encoded; values are numbers as they were. */
export function decoded(array) {
  const bytes = Uint8Array.from(atob(array.data), (letter) => letter.charCodeAt(0));
  if (array.kind === "share") {
    // attention of a long text: 16 bits between 0 and 1
    const parts = new Uint16Array(bytes.buffer);
    return { shape: array.shape, values: Float32Array.from(parts, (part) => part / 65535) };
  }
  return { shape: array.shape, values: new Float32Array(bytes.buffer) };
}

/** Return what Python wrote of a sentence, with every array decoded. */
export function read(written) {
  const data = { ...written };
  const all = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, decoded(array)]));
  for (const name of ["attention", "norms", "zeroing", "inner"]) data[name] = all(data[name]);
  data.owed = Object.fromEntries(Object.entries(data.owed).map(([method, arrays]) => [method, all(arrays)]));
  data.words = { ...data.words, weights: decoded(data.words.weights) };
  data.seen = decoded(data.seen);
  return data;
}

/** Return the rows of one matrix of [layer, head, query, key]; null means the mean over layers or heads. */
export function matrix(array, layer, head) {
  const [layers, heads, queries, keys] = array.shape;
  const chosenLayers = layer === null ? [...Array(layers).keys()] : [layer];
  const chosenHeads = head === null ? [...Array(heads).keys()] : [head];
  const count = chosenLayers.length * chosenHeads.length;
  const rows = [];
  for (let query = 0; query < queries; query += 1) {
    const row = new Float32Array(keys);
    for (const l of chosenLayers) {
      for (const h of chosenHeads) {
        const start = ((l * heads + h) * queries + query) * keys;
        for (let key = 0; key < keys; key += 1) row[key] += array.values[start + key] / count;
      }
    }
    rows.push(row);
  }
  return rows;
}

/** Return a stretch of a text; places count characters, as in Python, not UTF-16 units. */
export function stretch(text, start, end) {
  return Array.from(text).slice(start, end).join("");
}

/** Return the rows of an array of two axes. */
export function rowsOf(array) {
  return [...Array(array.shape[0]).keys()].map((number) => row(array, number));
}

/** Return one row of an array, such as the query of a token in a head. */
export function row(array, ...place) {
  const width = array.shape[array.shape.length - 1];
  const start = place.reduce((sum, index, axis) => sum * array.shape[axis] + index, 0) * width;
  return array.values.subarray(start, start + width);
}

/** Name what the queries and the keys of a place are. */
export function labels(data, place) {
  if (place === "encoder") return [data.source.labels, data.source.labels];
  if (place === "decoder") return [data.target.read, data.target.read];
  return [data.target.labels, data.source.labels];
}

export const PLACES = {
  encoder: "Encoder self-attention",
  decoder: "Masked decoder self-attention",
  cross: "Encoder-decoder attention",
};

/** Return a number with that many decimals, and no minus before a zero. */
export const decimals = (number, count) => number.toFixed(count).replace(/^-(0\.0*)$/, "$1");

/** Three decimals, as everywhere on the page. */
export const shown = (number) => decimals(number, 3);
