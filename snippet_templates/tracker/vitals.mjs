/** How fast the page was, told once when it is hidden for the first time. */
export const vitals = (h) => {
  if (!h._settings.trackWebVitals) return;
  const w = h._w;
  const found = {};
  const take = {
    'largest-contentful-paint': (entry) => (found.lcp = entry.startTime | 0),
    paint: (entry) => (found.fcp = entry.startTime | 0),
    navigation: (entry) => (found.ttfb = entry.responseStart | 0),
    'layout-shift': (entry) => {
      if (!entry.hadRecentInput) found.cls = (found.cls || 0) + entry.value;
    },
    event: (entry) => (found.inp = Math.max(found.inp || 0, entry.duration)),
  };
  // An observer for each type would cost a page as many times as much.
  const observer = new w.PerformanceObserver((list) =>
    list.getEntries().forEach((entry) => take[entry.entryType](entry)),
  );
  Object.keys(take).forEach((type) => h._try(() => observer.observe({ type, buffered: true, durationThreshold: 40 })));

  let told;
  const tell = () => {
    if (told || !Object.keys(found)[0]) return;
    told = 1;
    h._track('web-vitals', found);
  };
  h._on('leave', tell);
  h._on('visibilitychange', () => w.document.hidden && tell(), w.document);
};
