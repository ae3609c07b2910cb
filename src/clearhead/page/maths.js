// Equations as MathML, which browsers set themselves: nothing is loaded for it.

const MATHS = "http://www.w3.org/1998/Math/MathML";

function node(tag, ...children) {
  const element = document.createElementNS(MATHS, tag);
  element.append(...children);
  return element;
}

/** Return a child: a single letter is a variable, digits a number, longer text a name; elements stay. */
function term(child) {
  if (child instanceof Element) return child;
  if (/^[\d.]+$/.test(child)) return node("mn", child);
  if (/^\p{L}$/u.test(child)) return node("mi", child);
  if (/^\p{L}+$/u.test(child)) return node("mtext", child);
  const operator = node("mo", child.trim());
  if (/^[()]$/.test(child)) operator.setAttribute("stretchy", "false");
  if (/^, +$/.test(child)) operator.setAttribute("rspace", "1.4em"); // the next equation of a row
  return operator;
}

/** Return brackets that grow around their content. */
export function bracketed(child) {
  const [before, after] = [node("mo", "("), node("mo", ")")];
  return node("mrow", before, term(child), after);
}

export const group = (...children) => node("mrow", ...children.map(term));
export const sub = (base, index) => node("msub", term(base), term(index));
export const sup = (base, index) => node("msup", term(base), term(index));
export const squareRoot = (child) => node("msqrt", term(child));
export const over = (above, below) => node("mfrac", term(above), term(below));

/** Return an equation of its parts, in the order in which they are read. */
export function equation(...children) {
  const element = node("math", group(...children));
  element.setAttribute("displaystyle", "true");
  const line = document.createElement("div");
  line.className = "equation";
  line.append(element);
  return line;
}
