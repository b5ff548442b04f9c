import { land } from './landing.mjs';

/** Stands in until the tracker is there: cleans the address bar at once and keeps the calls that come before it. */
export const stub = (w, asOriginal) => {
  if (w.tracker) return;
  const q = [];
  const t = (w.tracker = { q, l: land(w), decorate: (url) => url, profileId: () => null, sessionId: () => null });
  'track identify reset consent optOut optIn on flush debug'.split(' ').forEach((name) => {
    t[name] = (...args) => new Promise((resolve) => q.push([name, args, resolve]));
  });
  if (!asOriginal) return;
  const bound = [];
  w.onTracardiReady = { bind: (fn) => bound.push(fn), call: (given) => bound.forEach((fn) => fn(given)) };
};
