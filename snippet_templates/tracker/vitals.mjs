/** How fast the page was, told once when it is hidden for the first time. */
export const vitals = (h) => {
  if (!h._settings.trackWebVitals) return;
  const w = h._w;
  const found = {};
  const observe = (type, take) =>
    h._try(() =>
      new w.PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
        type,
        buffered: true,
        durationThreshold: 40,
      }),
    );
  observe('largest-contentful-paint', (entry) => (found.lcp = entry.startTime | 0));
  observe('paint', (entry) => (found.fcp = entry.startTime | 0));
  observe('navigation', (entry) => (found.ttfb = entry.responseStart | 0));
  observe('layout-shift', (entry) => {
    if (!entry.hadRecentInput) found.cls = (found.cls || 0) + entry.value;
  });
  observe('event', (entry) => (found.inp = Math.max(found.inp || 0, entry.duration)));

  let told;
  const tell = () => {
    if (told || !Object.keys(found)[0]) return;
    told = 1;
    h._track('web-vitals', found);
  };
  h._on('leave', tell);
  h._listen(w, 'visibilitychange', () => w.document.hidden && tell());
};
