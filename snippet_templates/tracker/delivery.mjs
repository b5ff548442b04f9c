// Beacons and keepalive requests refuse more than 64 KiB, and share that between all that are under way.
const MOST_BYTES = 5e4;
const KEEPALIVE_BYTES = 6e4;
const TOGETHER = 50;
const GIVE_UP_AFTER = 3e4;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15e4;
const TRIES = 8;
const A_DAY = 864e5;

/**
 * Brings the outbox to the server: one request at a time, again until the server has said yes or no. An event that the
 * server has failed at alone (`f` is the status, `t` since when others have got through) waits for itself.
 */
export const delivery = (h, fetch) => {
  const w = h._w;
  let most;
  let flying = [];
  let busy;
  let timer;
  let due;
  let failures = 0;
  let next = 0;
  let alone = 0;
  let asked = 0;

  // A Blob would tell the size as well, and take half a millisecond for it.
  const bytes = (text) => new TextEncoder().encode(text).length;

  h._post = (path, body) =>
    fetch(h._both('url').api + path, {
      method: 'POST',
      body,
      credentials: 'omit',
      keepalive: bytes(body) < KEEPALIVE_BYTES,
      // Plain text needs no preflight.
      headers: { 'content-type': h._settings.contentType || 'text/plain' },
      // A timer of the page's would keep an application that waits for all timers (Angular) waiting.
      signal: AbortSignal.timeout && AbortSignal.timeout(GIVE_UP_AFTER),
    });

  /** The next request: as many waiting events as belong to one visitor and one session. */
  const pack = (waiting) => {
    const context = h._context();
    const items = [];
    let size = 0;
    let session;
    let profile;
    for (const item of waiting) {
      // Without a profile at birth it is the visitor whom the server has named in the meantime, maybe to another tab.
      const [s, p] = item.p === '' ? [h._sid(0, 1), h._pid()] : [item.s, item.p];
      size += bytes(h._json(item));
      if (items[0] && (session != s || profile != p || size > MOST_BYTES || items.length == most)) break;
      session = s;
      profile = p;
      items.push(item);
      Object.assign(context, item.x);
    }
    const body = h._json({
      source: h._both('source'),
      session: { id: session },
      profile: profile ? { id: profile } : null,
      context,
      metadata: { sentAt: new Date() },
      events: items.map((item) => item.e),
    });
    return items[0] && [items, body, session];
  };

  // Null where the answer may come late or never. A function is not written down, so what another page wrote has
  // nobody here who waits for its answer.
  h._answer = (items, answer = null) => items.forEach((item) => item.r && item.r(answer));

  const settle = (items, answer) => {
    h._box = h._box.filter((item) => !items.includes(item));
    h._save();
    h._answer(items, answer);
  };

  h._drop = (items, status, answer) => {
    settle(items, answer);
    h._tell('error', { status, answer, events: items.length });
  };

  const ready = () => h._box.filter((item) => !item.f && !flying.includes(item));

  const send = async () => {
    const parcel = pack(ready()[0] ? ready() : h._box.slice(0, 1));
    if (!parcel) return;
    const [items, body, session] = parcel;
    const [first] = (flying = items);
    const half = items.length >> 1;
    let status = 0;
    let answer = null;
    let wait;
    try {
      const response = await h._post('/track', body);
      status = response.status;
      wait = response.headers.get('retry-after') * 1e3;
      answer = await response.json();
    } catch (unreachable) {
      h._log(unreachable);
    }
    const now = Date.now();
    flying = [];
    if (/^2/.test(status)) {
      failures = next = asked = most = h._landing = 0;
      h._box.forEach((item) => (item.t = item.f && (item.t || now)));
      settle(items, answer);
      // Somebody else may have sat down at this computer while the request was under way.
      if (answer && h._live && session == h._sid()) {
        // The ids that the server says are the right ones.
        const { id } = answer.profile || 0;
        if (id) h._set('tracardi-profile-id', id);
        h._sid((answer.session || 0).id);
        h._tell('answer', answer);
      }
    }
    // 413 and 422: too much, or one event that spoils the others, which halving finds.
    else if (/13|22/.test(status) && half) most = half;
    else if (/^4(?!08|29)/.test(status) || (first.f == status && now - first.t > A_DAY))
      h._drop(items, status, answer);
    else {
      alone = now + (wait || 0) + Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT) * (1 + Math.random());
      asked = wait && alone;
      if (!first.f) next = alone;
      // An event that the server fails at may take others with it, so halves go on without each other.
      if (status > 499) {
        most = half;
        if (!half) {
          first.t = first.f == status && first.t;
          first.f = status;
          h._box = h._box.filter((item) => item != first).concat(first);
          h._save();
        }
      }
    }
    // An ad blocker refuses for ever, so a server that never answers is left alone until there is more to tell.
    return status || failures < TRIES;
  };

  const waiting = () => (ready()[0] ? next : alone);

  /** Sends what waits. A visitor without a profile holds a lock, lest two tabs at once become two visitors. */
  h._flush = async () => {
    if (busy || h._away || !h._live || !h._box[0]) return;
    if (Date.now() < waiting()) return h._schedule();
    busy = 1;
    const more = await (h._pid() && !h._landing ? send() : h._lock('tracardi', send));
    busy = 0;
    if (more) await h._flush();
  };

  h._schedule = () => {
    const now = Date.now();
    const at = Math.max(now + TOGETHER, waiting());
    if (!h._isReady || due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      due = NaN;
      h._flush();
    }, at - now);
  };

  /** Sends what is left when the page goes. It stays in the outbox, for nobody can tell whether it arrives. */
  h._beacon = () => {
    let parcel;
    while (h._live && Date.now() >= next && (parcel = pack(ready()))) {
      const [items, body] = parcel;
      flying = flying.concat(items);
      // Where there is no beacon, or none that big, a request that outlives the page may do.
      h._try(() => w.navigator.sendBeacon(h._both('url').api + '/track', body)) || h._post('/track', body);
    }
  };

  /** Tries again before its time, unless it was the server that named the time. */
  h._retryNow = () => {
    failures = 0;
    next = alone = asked;
    h._flush();
  };

  /** Writes an event down and promises the server's answer to it, null where it will not come. */
  h._track = (type, properties, options) =>
    new Promise((resolve) => {
      h._log(type, h._why);
      const written =
        !h._mute &&
        h._try(() => {
          const e = { id: h._id(), type: `${type}`, properties, options, time: { create: new Date() }, context: { page: h._page() } };
          // What cannot be written as JSON is refused here, before it can stand in the way of others.
          h._box.push({ e: JSON.parse(h._json(e)), s: h._sid(), p: h._pid(), x: h._arrival, r: resolve });
          h._arrival = 0;
          h._saveSoon();
          return 1;
        });
      if (!written) resolve(null);
      // What is tracked while the page goes has no other way left.
      else if (h._away) h._beacon();
      else if (options && (options.fire || options.asBeacon)) h._flush();
      else h._schedule();
    });
};
