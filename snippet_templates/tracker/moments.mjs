const MOST_ERRORS = 10;

/** Triggers on what happens to the page as a whole. */
export const moments = (h) => {
  const w = h._w;
  const d = w.document;
  const FILE = /\.(pdf|docx?|xlsx?|pptx?|od[st]|csv|txt|zip|rar|7z|gz|dmg|exe|msi|pkg|apk|iso|mp[34])$/i;
  let seconds = 0;
  let errors = 0;

  /** Calls `bind` with what fires all triggers of a kind, where there are any; a setting stands for a plain one. */
  const on = (name, bind, setting, type) => {
    const list = h._triggers(name).concat(h._settings[setting] ? { data: { event: type } } : []);
    if (list[0]) bind((extra) => list.forEach((t) => h._fire(t, 0, extra)), list);
  };

  // One look at a link serves all who ask for links.
  const asking = [];
  const onLink = (matches) => (fire) => asking.push([matches, fire]);
  on('onOutbound', onLink((url) => url.hostname != w.location.hostname), 'trackOutboundLinks', 'outbound-link');
  on(
    'onDownload',
    onLink((url, link) => link.hasAttribute('download') || FILE.test(url.pathname)),
    'trackDownloads',
    'file-download',
  );
  const follow = (event) => {
    const link = event.button < 2 && event.composedPath().find((node) => node.localName == 'a' && node.href);
    if (!link || h._ignored(link)) return;
    const url = new URL(link.href.baseVal || link.href, d.baseURI);
    if (/^http/.test(url.protocol)) asking.forEach(([matches, fire]) => matches(url, link) && fire({ url: url.href }));
  };
  if (asking[0]) ['click', 'auxclick'].forEach((type) => h._listen(w, type, follow));

  on('onScroll', (fire, list) => {
    const reached = new Map();
    let timer;
    // An intersection says where the page stands without making the browser lay it out again.
    const observer = new w.IntersectionObserver(([{ boundingClientRect: box, rootBounds: view }]) => {
      observer.disconnect();
      const depth = (100 * ((view ? view.height : w.screen.height) - box.top)) / box.height;
      list.forEach((t) =>
        [].concat(t.threshold || [25, 50, 75, 90]).forEach((mark) => {
          if (depth + 1 < mark || reached.get(t) >= mark) return;
          reached.set(t, mark);
          h._fire(t, 0, { depth: mark });
        }),
      );
    });
    h._listen(w, 'scroll', () => {
      clearTimeout(timer);
      timer = setTimeout(() => observer.observe(d.documentElement), 200);
    });
  });

  on('onExitIntent', (fire) =>
    h._listen(d, 'mouseout', (event) => !event.relatedTarget && event.clientY <= 0 && fire()),
  );

  on(
    'onError',
    (fire) => {
      const report = (message, source, line) => ++errors <= MOST_ERRORS && fire({ message: `${message}`, source, line });
      h._listen(w, 'error', (event) => event.message && report(event.message, event.filename, event.lineno));
      h._listen(w, 'unhandledrejection', ({ reason }) => report((reason && reason.message) || reason));
    },
    'trackErrors',
    'javascript-error',
  );

  on('onLeave', (fire) => h._on('leave', () => fire({ seconds })), 'trackEngagement', 'time-engaged');

  setInterval(() => {
    if (d.hidden) return;
    seconds++;
    on('onTimer', (fire, list) => list.forEach((t) => (t.minTime || 10) == seconds && h._fire(t, 0, { seconds })));
  }, 1e3);
};
