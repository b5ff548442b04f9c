const A_TENTH = 0.1;
const SETTLED = 250;

/** Triggers on elements that come into view or into the document, also those that are added or tagged later. */
export const visible = (h) => {
  const d = h._w.document;
  const looks = [];
  const attributeFilter = ['class', 'id'];

  /** Meets each element that a trigger is about once, those of today and those that come later. */
  const each = (t, meet) => {
    const known = new WeakSet();
    // Whichever attribute a selector looks at, it has the attribute's name in it.
    attributeFilter.push(...`${h._selector(t)}`.split(/[^\w-]+/));
    looks.push(() =>
      d.querySelectorAll(h._selector(t)).forEach((element) => {
        if (known.has(element)) return;
        known.add(element);
        meet(element);
      }),
    );
  };

  h._triggers('onAppear').forEach((t) => each(t, (element) => h._fire(t, element)));
  h._triggers('onVisible').forEach((t) => {
    const share = t.threshold || A_TENTH;
    const timers = new WeakMap();
    const observer = new h._w.IntersectionObserver(
      (entries) =>
        entries.forEach(({ target, intersectionRatio, intersectionRect, rootBounds }) => {
          // Of an element that is many windows tall no such share is ever seen, so half a window of it will do.
          const view = rootBounds || h._w.screen;
          const seen = intersectionRatio >= share || intersectionRect.height * 2 >= view.height;
          if (seen && timers.get(target)) return;
          clearTimeout(timers.get(target));
          timers.set(
            target,
            seen &&
              setTimeout(() => {
                observer.unobserve(target);
                h._try(() => h._fire(t, target));
              }, (t.minTime || 0) * 1e3),
          );
        }),
      // The window is told of as the share is halved: one of them lies between half a window and a whole one.
      { threshold: [...'0123456789'].map((times) => share / 2 ** times) },
    );
    each(t, (element) => observer.observe(element));
  });
  if (!looks[0]) return;

  // A busy page changes thousands of times a second; it is looked through four times a second at most, and until then
  // nobody wants to hear of any more changes.
  const changes = new h._w.MutationObserver(() => {
    changes.disconnect();
    setTimeout(scan, SETTLED);
  });
  const scan = () => {
    changes.observe(d, { childList: true, subtree: true, attributeFilter });
    looks.forEach((look) => h._try(look));
  };
  // Looking through a large page for the first time takes as long as all the rest of the start, so it has a task of
  // its own.
  setTimeout(scan);
};
