import { context } from './context.mjs';
import { delivery } from './delivery.mjs';
import { makeHub } from './hub.mjs';
import { identity } from './identity.mjs';
import { land } from './landing.mjs';
import { outbox } from './outbox.mjs';
import { privacy } from './privacy.mjs';

const api = (h, said) => ({
  version: 1,
  track: h._track,
  identify: (id, traits, signature) => h._track('identify', { user_id: id, traits, signature }),
  // The next person at this computer gets a profile of their own; what the last one did stays theirs.
  reset: () => {
    h._box.forEach((item) => (item.p = item.p || null));
    h._forget();
    h._sid();
    h._save();
  },
  consent: h._consent || ((names) => h._track('consent-granted', names)),
  optOut: () => h._optOut(1),
  optIn: () => h._optOut(),
  profileId: () => h._pid() || null,
  sessionId: () => (h._mute ? null : h._sid()),
  on: h._on,
  flush: h._flush,
  decorate: h._decorate || ((url) => url),
  // The words for the log are put together before it looks whether it is wanted.
  debug: (on) => h._log((h._debug = on), h._why, said),
});

/** Starts the tracker in a window: the source's options, the page's over them, and the features that were built in. */
export const start = (w, baked, page, features, fetch) => {
  const stub = w.tracker || {};
  // A second copy of the script on one page would count everything twice.
  if (stub.version) return;
  const h = makeHub(w, baked, page);
  h._try(() => {
    const said = stub.l || land(w);
    const d = w.document;
    h._debug = said.debug;
    // The order matters to nothing but to how well the script packs.
    context(h, said);
    delivery(h, fetch);
    identity(h);
    outbox(h);
    privacy(h);

    const autoEvents = () =>
      h._try(() => (h._both('auto').events || []).forEach((pair) => h._track(...pair)));

    /** Once, when the page is ready and somebody looks at it. */
    const begin = () => {
      if (h._isReady || d.prerendering) return;
      h._isReady = 1;
      autoEvents();
      h._decide();
      h._schedule();
    };

    features.forEach((feature) => h._try(() => feature(h, page)));
    h._decide();
    const tracker = (w.tracker = api(h, said));
    h._tell('made', tracker);
    (stub.q || []).forEach(([method, args, resolve]) => resolve(h._try(() => tracker[method](...args))));

    h._on('pagehide', () => {
      begin();
      h._tell('leave');
      h._beacon();
      h._letGo();
    }, w);
    h._on('pageshow', (event) => {
      if (!event.persisted) return;
      h._decide();
      h._comeBack();
      h._drain();
      autoEvents();
    }, w);
    // What another tab has decided holds for all of them.
    h._on('storage', ({ key }) => /outbox/.test(key) || h._decide(), w);
    h._on('online', h._retryNow, w);
    h._on('visibilitychange', h._retryNow, d);
    h._on('prerenderingchange', begin, d);
    h._on('DOMContentLoaded', begin, d);
    if (d.readyState != 'loading') begin();
    setTimeout(h._drain, 31e3);
  });
};
