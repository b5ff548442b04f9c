/** A page view for every page that the site shows without loading one. */
export const spa = (h) => {
  const w = h._w;
  const { history, navigation } = w;
  const { spa: asked } = h._settings;
  if (!asked) return;
  const withHash = asked == 'hash';
  const here = () => (withHash ? w.location.href : w.location.href.replace(/#.*/, ''));
  let last = here();

  // The title and the address are set after the call that announces them.
  const look = ({ navigationType }) =>
    navigationType != 'replace' &&
    setTimeout(() => {
      if (here() == last) return;
      last = here();
      h._track('page-view', ((h._both('auto').events || []).find(([type]) => type == 'page-view') || [])[1]);
    }, 0);

  // A router may have kept `pushState` before this script came, or use none; where the browser tells, it tells all.
  if (navigation) return h._on('currententrychange', look, navigation);
  const push = history.pushState;
  history.pushState = function (...args) {
    const result = push.apply(this, args);
    look(args);
    return result;
  };
  h._on('popstate', look, w);
  if (withHash) h._on('hashchange', look, w);
};
