/** What a page that carries an original Tracardi snippet expects to find. */
export const original = (h, page) => {
  const w = h._w;
  const options = page || {};
  const listeners = options.listeners || {};

  const addListener = (target, type, fn) => target.addEventListener(type, fn);
  const helpers = {
    // The original's helpers answer as its HTTP client does, with the reply under `data`.
    track: (type, properties, options) =>
      h._track(type, properties, { ...options, fire: true }).then((data) => ({ data })),
    onClick: (target, fn) => addListener(target, 'click', fn),
    addListener,
  };

  h._on('made', (tracker) => {
    const given = { tracker, helpers, config: options };
    tracker.plugins = { tracardi: helpers };
    tracker.getState = () => ({ plugins: { tracardi: { initialized: true } } });
    w.tracardi = { default: tracker };
    const listener = listeners[w.navigator.cookieEnabled ? 'onInit' : 'onCookiesDisabled'];
    if (listener) h._try(() => listener({ tracker, helpers, session: { id: tracker.sessionId() } }));

    h._on('answer', (answer) => {
      if (given.context) return;
      given.context = answer;
      // A page may have put a plain function in the place of the snippet's list of functions.
      const ready = w.onTracardiReady;
      if (typeof ready == 'function') ready(given);
      else if (ready) {
        // Whoever binds from now on is ready at once.
        ready.bind = (fn) => fn(given);
        ready.call(given);
      }
    });
  });
};
