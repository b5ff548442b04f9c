const FILE = /\.(pdf|docx?|xlsx?|pptx?|odt|ods|csv|txt|rtf|zip|rar|7z|gz|tgz|dmg|exe|msi|pkg|apk|iso|mp[34]|mov|avi|wav)$/i;
const MOST_ERRORS = 10;
const DEPTHS = [25, 50, 75, 90];

/** Triggers on what happens to the page as a whole. */
export const moments = (h) => {
  const w = h._w;
  const d = w.document;
  const s = h._settings;
  let seconds = 0;

  /** Calls `bind` with a function that fires all triggers of a kind, where there are any. */
  const on = (name, bind, asked, type) => {
    const list = h._triggers(name, asked, type);
    if (list[0]) bind((extra, choose) => list.filter(choose || Boolean).forEach((t) => h._fire(t, 0, extra)), list);
  };

  const onLink = (matches) => (fire) => {
    const follow = (event) => {
      const link = event.composedPath().find((node) => node.localName == 'a' && node.href);
      if (!link || event.button > 1 || link.closest('[data-tracardi-ignore]')) return;
      const url = new URL(link.href.baseVal || link.href, d.baseURI);
      if (/^http/.test(url.protocol) && matches(url, link)) fire({ url: url.href });
    };
    h._listen(w, 'click', follow);
    h._listen(w, 'auxclick', follow);
  };
  on('onOutbound', onLink((url) => url.hostname != w.location.hostname), s.trackOutboundLinks, 'outbound-link');
  on('onDownload', onLink((url, link) => link.hasAttribute('download') || FILE.test(url.pathname)), s.trackDownloads, 'file-download');

  on('onScroll', (fire, list) => {
    const reached = new Map();
    let timer;
    // An intersection says where the page stands without making the browser lay it out again.
    const observer = new w.IntersectionObserver(([{ boundingClientRect: box, rootBounds: view }]) => {
      observer.disconnect();
      const depth = Math.round((100 * ((view ? view.height : w.screen.height) - box.top)) / box.height);
      list.forEach((t) =>
        [].concat(t.threshold || DEPTHS).forEach((mark) => {
          if (depth < mark || (reached.get(t) || 0) >= mark) return;
          reached.set(t, mark);
          h._fire(t, 0, { depth: mark });
        }),
      );
    });
    h._listen(w, 'scroll', () => {
      timer = timer || setTimeout(() => {
        timer = 0;
        observer.observe(d.documentElement);
      }, 200);
    });
  });

  on('onExitIntent', (fire) => {
    h._listen(d, 'mouseout', (event) => !event.relatedTarget && event.clientY <= 0 && fire());
  });

  let errors = 0;
  on('onError', (fire) => {
    const report = (message, source, line) => ++errors <= MOST_ERRORS && fire({ message: `${message}`, source, line });
    h._listen(w, 'error', (event) => event.message && report(event.message, event.filename, event.lineno));
    h._listen(w, 'unhandledrejection', ({ reason }) => report((reason && reason.message) || reason));
  }, s.trackErrors, 'javascript-error');

  on('onLeave', (fire) => h._on('leave', () => fire({ seconds })), s.trackEngagement, 'time-engaged');

  on('onTimer', (fire) => h._on('second', () => fire({ seconds }, (t) => (t.minTime || 10) == seconds)));

  setInterval(() => {
    if (d.hidden) return;
    seconds++;
    h._tell('second');
  }, 1e3);
};
