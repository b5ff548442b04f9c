/** What is told about the page and the browser: no cookies, no storage, no fingerprint, nothing that needs a layout. */
export const context = (h, said) => {
  const w = h._w;
  const { document: d, location: l, navigator: n, screen: s } = w;
  // An error that is thrown costs a page milliseconds, even where it is caught.
  const referrer = h._try(() => d.referrer && new URL(d.referrer).hostname) || null;

  h._page = () => ({ url: l.href, path: l.pathname, hash: l.hash, title: d.title, referrer: { host: referrer } });

  h._context = () => ({
    page: h._page(),
    // The first use of Intl costs a page up to 50 ms, so it is asked only where nobody else knows.
    time: { tz: w.Temporal ? w.Temporal.Now.timeZoneId() : Intl.DateTimeFormat().resolvedOptions().timeZone },
    screen: { width: s.width, height: s.height, pixelRatio: w.devicePixelRatio },
    browser: { local: { browser: { userAgent: n.userAgent, language: n.language } } },
  });

  // How the visitor came here is told once, with the first event of the page; click ids are in the page's URL.
  const arrival = {};
  new URLSearchParams(l.search).forEach((value, name) => {
    if (name.startsWith('utm_')) (arrival.utm = arrival.utm || {})[name.slice(4)] = value;
  });
  if (said.pid && said.src) {
    h._landing = { profile: said.pid, source: said.src, pass: said.pass, session: said.sid, referrer };
    arrival.tracardi = { pass: h._landing };
  }
  h._arrival = arrival;
};
