// What this browser keeps for the reader; a browser that keeps nothing only forgets.

const NAME = (key) => `clearhead.${key}`;

/** Return what was kept under a key, or `otherwise`. */
export function remembered(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(NAME(key))) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keep a value under a key; null forgets it. */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(NAME(key));
    else localStorage.setItem(NAME(key), JSON.stringify(value));
  } catch {
    // private windows and full stores: what was typed is still on the screen
  }
}
