/** What is told about the page and the browser: no cookies, no storage, no fingerprint, nothing that needs a layout. */
export const context = (h, said) => {
  const w = h._w;
  const { document: d, location: l, navigator: n, screen: s } = w;
  const host = d.referrer.split(/\/+|:\d+\//)[1] || null;
  const at = said.at || l.href;

  h._page = () => ({
    // The first event says what the address said before the page took its parameters out.
    url: h._arrival && at.includes(`${l.pathname}?`) ? at : l.href,
    path: l.pathname,
    hash: l.hash,
    title: d.title,
    referrer: { host },
  });

  h._context = () => ({
    page: h._page(),
    // The first use of Intl costs a page up to 50 ms, so it is asked only where nobody else knows.
    time: { tz: w.Temporal ? w.Temporal.Now.timeZoneId() : Intl.DateTimeFormat().resolvedOptions().timeZone },
    screen: { width: s.width, height: s.height, pixelRatio: w.devicePixelRatio },
    browser: { local: { browser: { userAgent: n.userAgent, language: n.language } } },
  });

  // How the visitor came here is told once, with the first event of the page; click ids are in the page's URL.
  const utm = {};
  h._arrival = {};
  // Links are typed by people and copied out of HTML.
  at.replace(/[?&;](utm_\w+=[^&#]*)/gi, (all, pair) =>
    new URLSearchParams(pair).forEach((value, name) => ((h._arrival.utm = utm)[name.slice(4).toLowerCase()] = value)),
  );
  if (said.pid && said.src)
    h._landing = h._arrival.tracardi = {
      pass: { profile: said.pid, source: said.src, pass: said.pass, session: said.sid, referrer: host },
    };
};
