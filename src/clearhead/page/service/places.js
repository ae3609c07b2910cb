// Where the words of a text stand in it. Places count UTF-16 units here, as the browser's strings do.

/** Return [start, end] of each word, found in order; null for one that the text does not have there. */
export function placesOf(text, words) {
  let from = 0;
  return words.map((word) => {
    const start = word ? text.indexOf(word, from) : -1;
    if (start < 0) return null;
    from = start + word.length;
    return [start, from];
  });
}

/** Return the text in parts: {text, word: number or null}, words that have a place and what stands between them. */
export function partsOf(text, places) {
  const parts = [];
  let done = 0;
  places.forEach((place, word) => {
    if (!place) return;
    const [start, end] = place;
    if (start > done) parts.push({ text: text.slice(done, start), word: null });
    parts.push({ text: text.slice(start, end), word });
    done = end;
  });
  if (done < text.length) parts.push({ text: text.slice(done), word: null });
  return parts;
}

/** Return the words of both sides of an answer, how sure each target word is, and what is linked to what. */
export function linked(source, answer) {
  const aligned = Boolean(answer.source_words?.length && answer.target_words?.length);
  const target = aligned ? answer.target_words : (answer.words ?? []).map((word) => word.text);
  const into = placesOf(answer.text, target);
  const sure = surenessAt(answer, into);
  const from = aligned ? placesOf(source, answer.source_words) : [];
  const links = { into: target.map(() => []), from: from.map(() => []) };
  for (const [i, j] of aligned ? answer.alignment ?? [] : []) {
    links.into[j]?.push(i);
    links.from[i]?.push(j);
  }
  return { from, into, sure, links };
}

function surenessAt(answer, into) {
  const words = answer.words ?? [];
  const scored = placesOf(answer.text, words.map((word) => word.text));
  return into.map((place) => {
    if (!place) return null;
    const over = scored.findIndex((other) => other && other[0] < place[1] && place[0] < other[1]);
    return over < 0 ? null : words[over].confidence;
  });
}
