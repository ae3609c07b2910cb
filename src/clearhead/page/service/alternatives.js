// Other translations of the same text, any of which the reader may take instead.

import { make } from "../dom.js";
import { posted } from "./api.js";
import { percent, say } from "./interface.js";

/** Show the alternatives of an answer; `take` is called with the answer that another of them makes. */
export function showAlternatives(section, answer, language, take) {
  const others = differing(answer);
  const entry = (other) => make("li", {}, make("button", { type: "button", className: "entry other", onclick: () => take(taken(answer, other)) },
    make("span", { lang: language, attributes: { dir: "auto" } }, other.text),
    typeof other.confidence === "number" ? make("span", { className: "soft", title: say("sureHint") }, percent(other.confidence)) : ""));
  section.hidden = !others.length;
  section.querySelector("ul").replaceChildren(...others.map(entry));
}

/** Return the alternatives whose texts are not the same as another's. */
function differing(answer) {
  const seen = new Set([answer?.text]);
  return (answer?.alternatives ?? []).filter(({ text }) => !seen.has(text) && seen.add(text));
}

/** Return the answer with another translation in the first place, and what was first among the others. */
export function taken(answer, other) {
  const { text, confidence } = answer;
  return {
    text: other.text, confidence: other.confidence, detected: answer.detected, notes: [], chosen: true,
    alternatives: [{ text, confidence }, ...answer.alternatives.filter((each) => each !== other)],
  };
}

/** Return an answer with its words and their links, which the service gives for the first translation only. */
export async function withLinks(answer, { source, from, target }, signal) {
  const { alignments: [found] } = await posted("api/v1/align", { q: [source], translations: [answer.text], source: from, target }, signal);
  return {
    ...answer, alignment: found.links, source_words: found.source, target_words: found.target,
    words: found.target.map((text, place) => ({ text, confidence: found.confidence[place] ?? null })),
  };
}
