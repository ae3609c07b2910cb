// The sentences of a text, to choose one from.

import { arrowKeys, make } from "./dom.js";

function sides(stretch, badge) {
  return [
    make("span", { className: "from", attributes: { dir: "auto" } }, stretch.source),
    make("span", { className: "into", attributes: { dir: "auto" } }, stretch.text),
    make("span", { className: "badge" }, badge),
  ];
}

function badgeOf({ confidence }) {
  return typeof confidence === "number" ? confidence.toFixed(2) : "";
}

/** Return the list; `choose` is given the number of the sentence that was chosen. */
export function sentenceList(passage, choose) {
  const buttons = [];
  const pick = (number) => {
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === number)));
    choose(number);
  };
  const items = passage.stretches.map((stretch) => {
    if (stretch.sentence === null) {
      const badge = stretch.translated ? "not looked at" : "left as it is";
      return make("li", {}, make("div", { className: "sentence apart" }, ...sides(stretch, badge)));
    }
    const button = make("button", { type: "button", className: "sentence", onclick: () => pick(stretch.sentence) }, ...sides(stretch, badgeOf(stretch)));
    button.setAttribute("aria-pressed", String(stretch.sentence === 0));
    buttons.push(button);
    return make("li", {}, button);
  });
  arrowKeys(buttons);
  const sure = passage.stretches.some((stretch) => typeof stretch.confidence === "number");
  return make("nav", { className: "sentences", attributes: { "aria-label": "Sentences" } },
    make("p", { className: "note" }, `Choose one of ${buttons.length} sentences to see inside it.${sure ? " The number next to each is its confidence." : ""}`),
    make("ol", {}, ...items));
}
