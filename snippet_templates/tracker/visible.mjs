const A_TENTH = 0.1;
const SETTLED = 250;

/** Triggers on elements that come into view or into the document, also those that are added later. */
export const visible = (h) => {
  const d = h._w.document;
  const watched = [];

  h._triggers('onAppear').forEach((t) => watched.push([t, (element) => h._fire(t, element)]));
  h._triggers('onVisible').forEach((t) => {
    const timers = new Map();
    const observer = new h._w.IntersectionObserver(
      (entries) =>
        entries.forEach(({ target, isIntersecting }) => {
          clearTimeout(timers.get(target));
          if (!isIntersecting) return;
          timers.set(
            target,
            setTimeout(() => {
              observer.unobserve(target);
              h._try(() => h._fire(t, target));
            }, (t.minTime || 0) * 1e3),
          );
        }),
      { threshold: t.threshold || A_TENTH },
    );
    watched.push([t, (element) => observer.observe(element)]);
  });
  if (!watched[0]) return;

  const known = watched.map(() => new WeakSet());
  // A busy page changes thousands of times a second; it is looked through four times a second at most, and until then
  // nobody wants to hear of any more changes.
  const changes = new h._w.MutationObserver(() => {
    changes.disconnect();
    setTimeout(scan, SETTLED);
  });
  const scan = () => {
    changes.observe(d, { childList: true, subtree: true });
    watched.forEach(([t, meet], at) =>
      h._try(() =>
        d.querySelectorAll(h._selector(t)).forEach((element) => {
          if (known[at].has(element)) return;
          known[at].add(element);
          meet(element);
        }),
      ),
    );
  };
  scan();
};
