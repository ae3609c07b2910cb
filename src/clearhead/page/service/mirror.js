// The words of the text lie behind the field in which it is typed, so that they can be lit.

import { make } from "../dom.js";
import { partsOf } from "./places.js";

/** Draw the field's text behind it; return {redraw, follow, light}. */
export function mirrorOf(field, behind) {
  let places = [];
  let over = () => {};
  const spans = new Map();

  function redraw() {
    spans.clear();
    const parts = partsOf(field.value, places).map(({ text, word }) => {
      if (word === null) return text;
      const span = make("span", {}, text);
      spans.set(word, span);
      return span;
    });
    behind.replaceChildren(...parts, "\u200b");
    behind.scrollTop = field.scrollTop;
  }

  const light = (lit) => {
    const starts = new Set(lit.map(([start]) => start));
    spans.forEach((span, word) => span.classList.toggle("lit", starts.has(places[word][0])));
  };

  function wordAt(event) {
    for (const [word, span] of spans) {
      for (const box of span.getClientRects()) {
        if (event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom) return word;
      }
    }
    return null;
  }

  const wordAtCaret = () => {
    const at = field.selectionStart;
    const word = places.findIndex((place) => place && place[0] <= at && at <= place[1]);
    return word < 0 ? null : word;
  };
  const point = (word) => {
    light(word === null ? [] : [places[word]]);
    over(word);
  };
  field.addEventListener("mousemove", (event) => point(wordAt(event)));
  field.addEventListener("mouseleave", () => point(null));
  field.addEventListener("blur", () => point(null));
  field.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && point(wordAtCaret()));
  field.addEventListener("scroll", () => (behind.scrollTop = field.scrollTop));

  return {
    redraw,
    light,
    follow(found, called) {
      places = found;
      over = called;
      redraw();
    },
  };
}
