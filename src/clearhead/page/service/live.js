// Only the latest of several requests may show its answer.

/** Return `start(run)`: it ends the run before, and gives the new one a signal and `current()`, true until the next begins. */
export function latestOnly() {
  let number = 0;
  let ending = new AbortController();
  const next = () => {
    ending.abort();
    ending = new AbortController();
    number += 1;
  };
  return {
    stop: next,
    start(run) {
      next();
      const mine = number;
      return run(ending.signal, () => mine === number);
    },
  };
}

/** Return a function that calls another once it has not been called for `milliseconds`, and `cancel`. */
export function settled(milliseconds, call) {
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Call `tick(seconds left)` once a second, and `end` when none is left; return what stops it. */
export function countdown(seconds, tick, end) {
  const until = Date.now() + 1000 * seconds;
  let timer;
  const step = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) return end();
    tick(left);
    timer = setTimeout(step, Math.min(1000, until - Date.now()));
    return undefined;
  };
  step();
  return () => clearTimeout(timer);
}
