const MOST_ERRORS = 10;

/** Triggers on what happens to the page as a whole. */
export const moments = (h) => {
  const w = h._w;
  const d = w.document;
  let seconds = 0;
  let errors = 0;
  let reached = [];

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
    onLink((url, link) => link.hasAttribute('download') || h._isFile(url)),
    'trackDownloads',
    'file-download',
  );
  const follow = (event) => {
    const link = event.button < 2 && h._linkOf(event);
    if (!link || h._ignored(link)) return;
    const url = h._parse(link.href.baseVal || link.href);
    if (/^http/.test(url.protocol))
      h._late(event, () => asking.forEach(([matches, fire]) => matches(url, link) && fire({ url: url.href })));
  };
  if (asking[0]) ['click', 'auxclick'].forEach((type) => h._on(type, follow, w));

  on('onScroll', (fire, list) => {
    let largest = 0;
    let timer;
    // Where a box stands costs nothing to ask when the browser has just laid the page out.
    const observer = new w.ResizeObserver(([{ target }]) => {
      observer.disconnect();
      const { clientWidth, clientHeight, scrollHeight, scrollTop } = target;
      const area = clientWidth * clientHeight;
      // What is less than half the window is a part of the page, and so is what is less than another that scrolls.
      if (scrollHeight <= clientHeight || area < largest || area * 2 < w.innerWidth * w.innerHeight) return;
      largest = area;
      const depth = (100 * (scrollTop + clientHeight)) / scrollHeight;
      list.forEach((t, number) =>
        [].concat(t.threshold || [25, 50, 75, 90]).forEach((mark) => {
          if (depth + 1 < mark || reached[number] >= mark) return;
          reached[number] = mark;
          h._fire(t, 0, { depth: mark });
        }),
      );
    });
    h._on(
      'scroll',
      ({ target }) => {
        clearTimeout(timer);
        timer = setTimeout(() => observer.observe(target == d ? d.scrollingElement : target), 200);
      },
      w,
    );
  });

  on('onExitIntent', (fire) =>
    h._on('mouseout', (event) => !event.relatedTarget && event.clientY <= 0 && fire(), d),
  );

  on(
    'onError',
    (fire) => {
      const report = (message, source, line) => ++errors <= MOST_ERRORS && fire({ message: `${message}`, source, line });
      w.addEventListener('error', (event) => event.message && report(event.message, event.filename, event.lineno));
      h._on('unhandledrejection', ({ reason }) => report((reason && reason.message) || reason), w);
    },
    'trackErrors',
    'javascript-error',
  );

  on('onLeave', (fire) => h._on('leave', () => fire({ seconds })), 'trackEngagement', 'time-engaged');

  // A page out of the back/forward cache is a new view, with a clock of its own.
  h._on(
    'pageshow',
    ({ persisted }) => {
      if (persisted) reached = [(seconds = errors = 0)];
    },
    w,
  );

  setInterval(() => {
    if (d.hidden) return;
    seconds++;
    on('onTimer', (fire, list) => list.forEach((t) => (t.minTime || 10) == seconds && h._fire(t, 0, { seconds })));
  }, 1e3);
};
