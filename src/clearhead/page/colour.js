// Cividis (Nunez et al. 2018) on a fixed scale: even in brightness, the same to colour-blind eyes.

const CIVIDIS = [
  [0, 34, 78], [8, 51, 112], [53, 69, 108], [79, 87, 108], [102, 105, 112], [125, 124, 120],
  [148, 142, 119], [174, 163, 113], [200, 184, 102], [229, 207, 82], [254, 232, 56],
];

/** Return [red, green, blue] of a share between 0 and 1. */
export function colourParts(share) {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[low].map((part, axis) => Math.round(part + (place - low) * (CIVIDIS[low + 1][axis] - part)));
}

/** Return the colour of a share as CSS has it. */
export function colour(share) {
  return `rgb(${colourParts(share).join(" ")})`;
}

/** Return the colour of a number that may be negative, 0 being neutral and `most` the strongest. */
export function signedColour(number, most) {
  return colour(most ? 0.5 + number / most / 2 : 0.5);
}
