import { land } from './landing.mjs';

const PATIENCE = 1e4;

// A text directive (`#:~:text=`) is not in `location`, but in what the Navigation API says. Without it the address bar
// would lose it, and Firefox would not scroll to the text.
const whole = (bare, { navigation }) => {
  const [directive] = /:~:.*|$/.exec(navigation ? navigation.currentEntry.url : '');
  return bare + (directive && !bare.includes('#') ? '#' : '') + directive;
};

/** Stands in until the tracker is there: cleans the address bar at once and keeps the calls that come before it. */
export const stub = (w, asOriginal) => {
  if (w.tracker) return;
  const q = [];
  const t = (w.tracker = {
    q,
    l: { ...land(w, whole), at: w.location.href },
    // What the page may put something else in the place of before the tracker has loaded.
    g: { JSON, fetch, setTimeout },
    decorate: (url) => url,
    profileId: () => null,
    sessionId: () => null,
  });
  'track identify reset consent optOut optIn on flush debug'.split(' ').forEach((name) => {
    t[name] = (...args) => new Promise((resolve) => q.push([name, args, resolve]));
  });
  // Where the script is blocked nobody else answers; a call that the tracker has taken over has its answer from there.
  const giveUp = () => q.forEach(([, , resolve]) => resolve(null));
  w.addEventListener('load', () => setTimeout(giveUp, PATIENCE));
  w.addEventListener('pagehide', giveUp);
  if (!asOriginal) return;
  const bound = [];
  w.onTracardiReady = { bind: (fn) => bound.push(fn), call: (given) => bound.forEach((fn) => fn(given)) };
};
