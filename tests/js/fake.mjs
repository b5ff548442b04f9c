/** A window as far as the tracker looks at it: storage, cookies, an address, a network that answers as it is told. */
import { webcrypto } from 'node:crypto';

import { start } from '../../snippet_templates/tracker/core.mjs';

export const answered = (more) => ({
  task: ['t'],
  profile: { id: 'P1' },
  session: { id: 'S1' },
  errors: [],
  warnings: [],
  ...more,
});

/** Storage whose keys are its own properties, as a browser's are. */
export const makeStorage = () =>
  Object.create({
    getItem(key) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(key, value) {
      this[key] = String(value);
    },
    removeItem(key) {
      delete this[key];
    },
  });

/** A link of a page: what is written to `href` is read as an absolute address, and its parts; nothing is where it is none. */
const makeLink = (document) => ({
  set href(text) {
    this.url = URL.canParse(text, document.baseURI) ? new URL(text, document.baseURI) : undefined;
    this.text = text;
  },
  get href() {
    return this.url ? this.url.href : this.text;
  },
  get hostname() {
    return this.url ? this.url.hostname : '';
  },
  get pathname() {
    return this.url ? this.url.pathname : '';
  },
  get search() {
    return this.url ? this.url.search : '';
  },
  get protocol() {
    return this.url ? this.url.protocol : ':';
  },
});

/** The browser's own methods of elements, which those of these tests have as properties that begin with `$`. */
const makeElementClass = () => {
  class Element {}
  for (const name of ['closest', 'contains', 'getAttribute', 'getAttributeNames', 'getRootNode', 'matches', 'setAttribute'])
    Element.prototype[name] = function (...args) {
      return this[`$${name}`](...args);
    };
  return Element;
};

export const makeWindow = ({ url = 'https://shop.example/', storage = makeStorage(), jar = {}, ...more } = {}) => {
  const w = new EventTarget();
  const document = new EventTarget();
  // Browsers take `true` for "while capturing", Node's own targets only where a listener is added.
  w.removeEventListener = (type, listener, capture) =>
    EventTarget.prototype.removeEventListener.call(w, type, listener, { capture });
  const requests = [];
  const beacons = [];
  const replies = [];
  Object.defineProperty(document, 'cookie', {
    configurable: true,
    get: () => Object.keys(jar).map((name) => `${name}=${jar[name]}`).join('; '),
    set: (text) => {
      const [, name, value, rest] = /^([^=]+)=([^;]*)(.*)$/.exec(text);
      if (/max-age=0/.test(rest)) delete jar[name];
      else jar[name] = value;
      w.lastCookie = text;
    },
  });
  Object.assign(document, { readyState: 'complete', title: 'Shop', referrer: more.referrer || '', baseURI: url });
  document.createElement = () => makeLink(document);
  w.Element = makeElementClass();
  Object.assign(w, {
    document,
    localStorage: storage,
    location: new URL(url),
    history: {
      state: { page: 1 },
      replaceState: (state, title, to) => {
        w.replaced = [state, to];
        w.location = new URL(to, url);
      },
    },
    navigator: {
      userAgent: 'Fake/1.0',
      language: 'en',
      cookieEnabled: true,
      sendBeacon: (to, body) => beacons.push([to, JSON.parse(body)]) > 0 && w.beaconsPass !== false,
      ...more.navigator,
    },
    screen: { width: 1280, height: 720 },
    devicePixelRatio: 1,
    crypto: webcrypto,
    console: { log: (...words) => w.said.push(words) },
    said: [],
    fetch: async (to, init) => {
      requests.push([to, JSON.parse(init.body), init]);
      const reply = replies.shift() || { status: 200 };
      if (reply.status === 0) throw new TypeError('Failed to fetch');
      return {
        status: reply.status,
        ok: reply.status === 200,
        headers: new Headers(reply.headers || {}),
        json: async () => reply.body || answered(),
      };
    },
    requests,
    beacons,
    replies,
    jar,
  });
  return w;
};

export const config = (settings = {}, more = {}) => ({
  tracker: { url: { api: 'https://collect.example' }, source: { id: 'source-1' }, settings, ...more },
});

export const run = (w, baked = config(), features = [], page = undefined) => {
  start(w, baked, page, features, w.fetch);
  return w.tracker;
};

/** Lets everything that is already decided happen, the timers of the next `ms` milliseconds included. */
export const pass = async (timers, ms = 0) => {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
  timers.tick(ms);
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
};

export const types = (request) => request[1].events.map((event) => event.type);
