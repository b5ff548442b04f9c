/** A page view for every page that the site shows without loading one. */
export const spa = (h) => {
  const w = h._w;
  const { spa: asked } = h._settings;
  if (!asked) return;
  const withHash = asked == 'hash';
  const here = () => (withHash ? w.location.href : w.location.href.replace(/#.*/, ''));
  let last = here();

  // The title and the address are set after the call that announces them.
  const look = () =>
    setTimeout(() => {
      if (here() == last) return;
      last = here();
      h._track('page-view', (h._events.find(([type]) => type == 'page-view') || [])[1]);
    }, 0);

  const push = w.history.pushState;
  w.history.pushState = function (...args) {
    const result = push.apply(this, args);
    look();
    return result;
  };
  h._listen(w, 'popstate', look);
  if (withHash) h._listen(w, 'hashchange', look);
};
