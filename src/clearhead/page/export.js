// What is on the screen as a file: SVG as it is, PNG drawn from it.

import { make } from "./dom.js";

function offer(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Return the text of an SVG with its colours written out, since a file has no style sheet. */
export function standalone(svg) {
  if (svg.isConnected) return writtenOut(svg);
  const aside = make("div", { className: "aside" }, svg); // only what is on the page has a style
  document.body.append(aside);
  const text = writtenOut(svg);
  aside.remove();
  return text;
}

function writtenOut(svg) {
  const copy = svg.cloneNode(true);
  const seen = [svg, ...svg.querySelectorAll("*")];
  const written = [copy, ...copy.querySelectorAll("*")];
  seen.forEach((element, place) => {
    const style = getComputedStyle(element);
    for (const name of ["fill", "stroke", "stroke-opacity", "font-family", "font-size"]) {
      written[place].setAttribute(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--ground").trim() || "#fff";
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["width", width], ["height", height], ["fill", ground]]) paper.setAttribute(name, value);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

/** Give buttons that save the picture that `find` returns. */
export function exportButtons(find, name) {
  const saveSvg = () => offer(new Blob([standalone(find())], { type: "image/svg+xml" }), `${name}.svg`);
  const savePng = () => {
    const svg = find();
    const text = standalone(svg);
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const picture = new Image();
    picture.onload = () => {
      const canvas = make("canvas", { width: 2 * width, height: 2 * height });
      canvas.getContext("2d").drawImage(picture, 0, 0, 2 * width, 2 * height);
      canvas.toBlob((blob) => offer(blob, `${name}.png`));
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  };
  return make(
    "span",
    { className: "exports" },
    make("button", { type: "button", onclick: saveSvg }, "Save SVG"),
    make("button", { type: "button", onclick: savePng }, "Save PNG"),
  );
}
