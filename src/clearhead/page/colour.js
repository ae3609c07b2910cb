// Colours of numbers: even steps of brightness, so that grey print and colour-blind eyes read them too.

const darkness = matchMedia("(prefers-color-scheme: dark)");
const dark = () => darkness.matches;
const SHARES = {
  light: [[247, 245, 239], [200, 219, 236], [131, 176, 214], [58, 122, 178], [11, 79, 138], [6, 36, 68]],
  dark: [[30, 34, 41], [36, 62, 88], [44, 98, 138], [79, 150, 193], [150, 208, 232], [250, 247, 214]],
};
const SIGNED = {
  light: [[138, 62, 0], [214, 142, 74], [243, 240, 233], [98, 152, 200], [9, 66, 118]],
  dark: [[255, 186, 110], [163, 100, 40], [35, 39, 46], [58, 112, 160], [150, 203, 250]],
};

function between(steps, share) {
  const place = Math.min(Math.max(share, 0), 1) * (steps.length - 1);
  const low = Math.min(Math.floor(place), steps.length - 2);
  return steps[low].map((part, axis) => Math.round(part + (place - low) * (steps[low + 1][axis] - part)));
}

const css = (parts) => `rgb(${parts.join(" ")})`;

/** Return [red, green, blue] of a share between 0 and 1. */
export const colourParts = (share) => between(SHARES[dark() ? "dark" : "light"], share);

/** Return the colour of a share as CSS has it. */
export const colour = (share) => css(colourParts(share));

/** Return the colour of a number that may be negative, 0 being neutral and `most` the strongest. */
export const signedColour = (number, most) => css(between(SIGNED[dark() ? "dark" : "light"], most ? 0.5 + number / most / 2 : 0.5));
