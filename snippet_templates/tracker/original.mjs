/** What a page that carries an original Tracardi snippet expects to find. */
export const original = (h) => {
  const w = h._w;
  const listeners = h._config._options.listeners || {};
  const waiting = [];

  const addListener = (target, type, fn) => {
    [].concat(typeof target == 'string' ? Array.from(w.document.querySelectorAll(target)) : target).forEach((element) =>
      element.addEventListener(type, fn),
    );
  };
  const helpers = {
    // The original's helpers answer as its HTTP client does, with the reply under `data`.
    track: (type, properties, options) =>
      h._track(type, properties, Object.assign({}, options, { fire: true })).then((data) => ({ data })),
    onClick: (target, fn) => addListener(target, 'click', fn),
    addListener,
  };

  h._on('made', (tracker) => {
    const first = { tracker, helpers, config: h._config._options };
    tracker.plugins = { tracardi: helpers };
    tracker.getState = () => ({ plugins: { tracardi: { initialized: true } } });
    w.tracardi = { default: tracker };
    w.response = w.response || { context: {} };
    const name = w.navigator.cookieEnabled ? 'onInit' : 'onCookiesDisabled';
    if (listeners[name]) h._try(() => listeners[name]({ tracker, helpers, session: { id: tracker.sessionId() } }));

    let ready = w.onTracardiReady;
    const call = (fn) => h._try(() => fn(first));
    h._on('answer', (context) => {
      if (first.context) return;
      first.context = context;
      waiting.forEach(call);
      // A page may also have put a plain function there, and the original snippet keeps its own list.
      ready = w.onTracardiReady;
      if (typeof ready == 'function') call(ready);
      else if (ready && ready.call && ready.bind != bind) h._try(() => ready.call(first));
    });
    const bind = (fn) => (first.context ? call(fn) : waiting.push(fn));
    if (!ready) w.onTracardiReady = { bind, call: (given) => waiting.forEach((fn) => fn(given)) };
  });
};
