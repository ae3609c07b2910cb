// How the output grew: token by token, what might have come instead, and what the beam kept and gave up.

import { decimals, shown } from "./data.js";
import { make } from "./dom.js";

function bars(rows, caption) {
  const most = Math.max(...rows.map(([, share]) => share), 1e-9);
  const body = rows.map(([label, share, kind, more]) => {
    const bar = make("span", { className: "bar" });
    bar.style.setProperty("--share", (share / most).toFixed(4));
    return make("tr", { className: kind },
      make("th", { scope: "row" }, make("bdi", {}, label)), make("td", {}, shown(share)), make("td", {}, bar), make("td", {}, more));
  });
  return make("table", { className: "bars" }, make("caption", {}, caption), make("tbody", {}, ...body));
}

function beam(data, step) {
  const choices = data.search[step];
  if (!choices) return make("p", { className: "note" }, "The search had ended before this step.");
  const before = step ? data.search[step - 1].filter((each) => each.fate === "kept") : [];
  const rows = choices.map((each) => [
    `${step ? `… ${before[each.parent]?.label ?? ""} ` : ""}${each.label}`,
    each.probability,
    each.fate,
    `${decimals(each.score, 2).replace("-", "−")} ${each.fate === "pruned" ? "given up" : each.fate}`,
  ]);
  return bars(rows, `The beam of ${data.about.beam_size}: probability of the token, score of all so far (log-probability over the length penalty), and what became of it`);
}

/** Fill the view of the decoder's steps. */
export function decodingView(data, root) {
  const steps = data.target.labels.length;
  const slider = make("input", { type: "range", min: 0, max: steps - 1, value: 0, id: "step" });
  const shownStep = make("div", { className: "step" });

  function build() {
    const step = Number(slider.value);
    const output = make("p", { className: "output", attributes: { dir: "auto" } });
    data.target.labels.slice(0, step + 1).forEach((label, place) => {
      output.append(make("bdi", { className: place === step ? "piece now" : "piece" }, label), " ");
    });
    const guesses = data.guesses[step].map(({ label, probability }) => [
      label, probability, label === data.target.labels[step] ? "taken" : "", label === data.target.labels[step] ? "taken" : "",
    ]);
    shownStep.replaceChildren(
      make("p", { attributes: { "aria-live": "polite" } }, `Step ${step + 1} of ${steps}: “${data.target.labels[step]}” with probability ${shown(data.target.probabilities[step])}`),
      output,
      bars(guesses, "The most probable next tokens"),
      same ? beam(data, step) : "",
    );
  }

  slider.addEventListener("input", build);
  const given = (data.about.engine ?? null) === null;
  const same = data.search.length > 0 && data.about.search_text === data.target.text;
  root.replaceChildren(
    make("p", { className: "note" }, given
      ? "The translation was given, not searched for here."
      : `The translation was made by the engine ${data.about.engine}. ${same
        ? "The beam below is that of Clearhead's own search (PyTorch, fp32), which found the same text."
        : data.search.length
          ? "Its beam is not shown: Clearhead's own search (PyTorch, fp32), which keeps one, ended with a different text."
          : "The story of the search was not recorded."}`),
    make("label", { className: "slider", htmlFor: "step" }, "Step ", slider),
    shownStep,
  );
  build();
}
