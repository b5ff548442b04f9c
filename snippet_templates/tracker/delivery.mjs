// Beacons and keepalive requests refuse more than 64 KiB, and share that between all that are under way.
const MOST_BYTES = 5e4;
const KEEPALIVE_BYTES = 6e4;
const TOGETHER = 50;
const GIVE_UP_AFTER = 3e4;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15e4;
const TRIES = 8;

/** Brings the outbox to the server: one request at a time, again until the server has said yes or no. */
export const delivery = (h) => {
  const w = h._w;
  const waiters = new WeakMap();
  let most;
  let flying = [];
  let busy;
  let timer;
  let failures = 0;
  let next = 0;
  let asked = 0;

  // A Blob would tell the size as well, and take half a millisecond for it.
  const bytes = (text) => new TextEncoder().encode(text).length;

  h._post = (path, body) => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(), GIVE_UP_AFTER);
    return w.fetch(h._api + path, {
      method: 'POST',
      body,
      credentials: 'omit',
      keepalive: bytes(body) < KEEPALIVE_BYTES,
      // Plain text needs no preflight.
      headers: { 'content-type': h._settings.contentType || 'text/plain' },
      signal: giveUp.signal,
    });
  };

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
      size += bytes(JSON.stringify(item));
      if (items[0] && (session != s || profile != p || size > MOST_BYTES || items.length == most)) break;
      session = s;
      profile = p;
      items.push(item);
      Object.assign(context, item.x);
    }
    const body = JSON.stringify({
      source: { id: h._source },
      session: { id: session },
      profile: profile ? { id: profile } : null,
      context,
      events: items.map((item) => item.e),
      metadata: { sentAt: new Date() },
    });
    return items[0] && { _items: items, _session: session, _body: body };
  };

  const settle = (items, answer) => {
    h._box = h._box.filter((item) => !items.includes(item));
    h._save();
    // What another page wrote down has nobody here who waits for its answer.
    items.forEach((item) => waiters.has(item) && waiters.get(item)(answer));
  };

  h._drop = (items, news) => {
    settle(items, news.answer || null);
    news.events = items.length;
    h._tell('error', news);
  };

  const send = async () => {
    const parcel = pack(h._box);
    if (!parcel) return;
    const items = (flying = parcel._items);
    let status = 0;
    let answer = null;
    let wait;
    try {
      const response = await h._post('/track', parcel._body);
      status = response.status;
      wait = response.headers.get('retry-after') * 1e3;
      answer = await response.json();
    } catch (unreachable) {
      h._log(unreachable);
    }
    flying = [];
    if (/^2/.test(status)) {
      failures = next = asked = most = h._landing = 0;
      timer = clearTimeout(timer);
      settle(items, answer);
      // Somebody else may have sat down at this computer while the request was under way.
      if (answer && h._live && parcel._session == h._sid()) {
        h._adopt(answer);
        h._tell('answer', answer);
      }
    }
    // 413 and 422: too much, or one event that spoils the others, which halving finds.
    else if (/13|22/.test(status) && items[1]) most = items.length >> 1;
    else if (/^4(?!08|29)/.test(status)) h._drop(items, { status, answer });
    else {
      next = Date.now() + (wait || 0) + Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT) * (1 + Math.random());
      asked = wait && next;
    }
    // An ad blocker refuses for ever, so a server that never answers is left alone until there is more to tell.
    return status || failures < TRIES;
  };

  /** Sends what waits. A visitor without a profile holds a lock, lest two tabs at once become two visitors. */
  h._flush = async () => {
    if (busy || h._away || !h._live || !h._box[0]) return;
    if (Date.now() < next) return h._schedule();
    busy = 1;
    const more = await (h._pid() && !h._landing ? send() : h._lock('tracardi', send));
    busy = 0;
    if (more) await h._flush();
  };

  h._schedule = () => {
    if (!h._isReady || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      h._flush();
    }, Math.max(TOGETHER, next - Date.now()));
  };

  /** Sends what is left when the page goes. It stays in the outbox, for nobody can tell whether it arrives. */
  h._beacon = () => {
    let parcel;
    while (
      h._live &&
      Date.now() >= next &&
      (parcel = pack(h._box.filter((item) => !flying.includes(item)))) &&
      w.navigator.sendBeacon(h._api + '/track', parcel._body)
    ) {
      flying = flying.concat(parcel._items);
    }
  };

  /** Tries again before its time, unless it was the server that named the time. */
  h._retryNow = () => {
    failures = 0;
    next = asked;
    h._flush();
  };

  /** Writes an event down and promises the server's answer to it, null where it will never be sent. */
  h._track = (type, properties, options) =>
    new Promise((resolve) => {
      const written = h._try(() => {
        const e = { id: h._id(), type: `${type}`, properties, options, time: { create: new Date() }, context: { page: h._page() } };
        // What cannot be written as JSON is refused here, before it can stand in the way of others.
        if (h._mute) return;
        const item = { e: JSON.parse(JSON.stringify(e)), s: h._sid(), p: h._pid(), x: h._arrival };
        h._arrival = 0;
        h._box.push(item);
        waiters.set(item, resolve);
        h._saveSoon();
        return true;
      });
      if (!written) resolve(null);
      // What is tracked while the page goes has no other way left.
      else if (h._away) h._beacon();
      else if (options && (options.fire || options.asBeacon)) h._flush();
      else h._schedule();
    });
};
