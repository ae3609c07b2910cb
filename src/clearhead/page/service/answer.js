// The translation on the screen: its words, how sure each is, and which words of the text it came from.

import { arrowKeys, make } from "../dom.js";
import { percent, say } from "./interface.js";
import { linked, partsOf } from "./places.js";

/** Below this a word is underlined: the reader should look at it again. */
export const UNSURE = 0.6;

/** Show a translation in the pane; `mirror` draws the source's words behind what was typed, `tell` says what a word is, and
 * `change` is called with the place of a word that the reader wants to change. */
export function showAnswer(pane, mirror, source, answer, { tell, change }) {
  const { from, into, sure, links } = linked(source, answer);
  const buttons = new Map();
  const elements = partsOf(answer.text, into).map(({ text, word }) => {
    if (word === null) return text;
    const unsure = sure[word] !== null && sure[word] < UNSURE;
    const element = make("span", { className: unsure ? "linked unsure" : "linked", attributes: { role: "button", "aria-haspopup": "dialog", "data-word": word } }, text);
    if (sure[word] !== null) element.title = say("unsure", { word: text, share: percent(sure[word]) });
    element.setAttribute("aria-label", unsure ? say("unsure", { word: text, share: percent(sure[word]) }) : text);
    const place = { element, word: text, before: answer.text.slice(0, into[word][0]) };
    element.addEventListener("click", () => change(place));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      change(place);
    });
    buttons.set(word, element);
    return element;
  });

  const wordsOf = (places, numbers) => numbers.map((each) => places[each]).filter(Boolean);
  const light = (word, event) => {
    buttons.forEach((element, each) => element.classList.toggle("lit", each === word));
    const places = wordsOf(from, links.into[word]);
    mirror.light(places);
    if (event === "focus") tell(spokenLink(word));
  };
  const spokenLink = (word) => {
    const words = wordsOf(from, links.into[word]).map(([start, end]) => source.slice(start, end));
    const name = buttons.get(word).getAttribute("aria-label");
    return words.length ? say("comes", { word: name, words: words.join(", ") }) : name;
  };
  const dark = () => {
    buttons.forEach((element) => element.classList.remove("lit"));
    mirror.light([]);
  };
  buttons.forEach((element, word) => {
    element.addEventListener("mouseenter", () => light(word, "hover"));
    element.addEventListener("focus", () => light(word, "focus"));
    element.addEventListener("mouseleave", dark);
    element.addEventListener("blur", dark);
  });
  if (buttons.size) arrowKeys([...buttons.values()]);
  pane.replaceChildren(...elements);
  mirror.follow(from, (word) => buttons.forEach((element, each) => element.classList.toggle("lit", word !== null && links.from[word].includes(each))));
}

/** Show a text without links, as while it arrives. */
export function showPlain(pane, mirror, text) {
  mirror.follow([], () => {});
  pane.replaceChildren(text);
}
