import { strip } from './landing.mjs';
import { append, refusal } from './linking.mjs';

const NO_LINK = 'data-tracardi-no-link';
const HALF_A_PASS = 3e5;
const later = setTimeout;

/** Carries the profile to the owner's other domains, whichever way the visitor leaves. */
export const links = (h) => {
  const w = h._w;
  const s = h._settings;
  const entries = [].concat(s.trackExternalLinks || []);
  let pass;
  let born = 0;
  let spared;

  const parameters = () => ({
    '__tr_pid': h._pid(),
    '__tr_src': h._config._id,
    '__tr_pass': pass,
    '__tr_sid': s.passSession && h._sid(),
  });

  const parse = (href) => new URL(href, w.document.baseURI);

  const decorated = (href) => {
    const url = parse(href);
    const why = refusal(url, w.location, entries) || (h._live && h._pid() ? '' : 'no profile');
    h._log('link', url.href, why || 'decorated');
    if (why) return href;
    // A pass is spent with its first use, so the next intent takes another.
    born = 0;
    return append(url.href, parameters(), s.linkPosition == 'hash');
  };

  h._decorate = (href) => h._try(() => decorated(`${href}`)) || href;

  /** Lends an element the decorated address for as long as the browser takes to read it. */
  const lend = (element, name) => {
    const svg = element[name] && element[name].baseVal != null;
    const read = () => (svg ? element[name].baseVal : element.getAttribute(name));
    const write = (value) => (svg ? (element[name].baseVal = value) : element.setAttribute(name, value));
    const old = read();
    const lent = old && h._decorate(old);
    if (lent == old) return;
    write(lent);
    later(() => read() == lent && write(old));
  };

  const linkOf = (path) => path.find((node) => node.href && /^a(rea)?$/i.test(node.localName));
  const isSpared = (path) => path.some((node) => node.hasAttribute && node.hasAttribute(NO_LINK));

  const follow = (event) => {
    const path = event.composedPath();
    const link = linkOf(path);
    if (!link || event.button > 1) return;
    if (!isSpared(path) && !link.hasAttribute('download')) return lend(link, 'href');
    // The Navigation API reports this click as well, and the page wants it left alone.
    spared = parse(link.href.baseVal || link.href).href;
    later(() => (spared = 0), 1e3);
  };
  h._listen(w, 'click', follow);
  h._listen(w, 'auxclick', follow);

  /** Where a form goes: [the element that says so, its attribute, whether by POST]; nothing where it is spared. */
  const target = (form, button) => {
    const has = (name) => button && button.hasAttribute(name);
    const method = has('formmethod') ? button.getAttribute('formmethod') : form.getAttribute('method');
    if (isSpared([form, button || form])) return [];
    return has('formaction') ? [button, 'formaction', method] : [form, 'action', method];
  };

  const post = (form, button) => {
    const [element, name, method] = target(form, button);
    if (element && /^post$/i.test(method)) lend(element, name);
  };

  let submitter;
  h._listen(w, 'submit', (event) => {
    submitter = event.submitter;
    later(() => (submitter = 0));
    post(event.target, submitter);
  });
  h._listen(w, 'formdata', (event) => {
    const [element, name, method] = target(event.target, submitter);
    if (!element || (method && !/^get$/i.test(method))) return;
    const action = element.getAttribute(name);
    if (!action || h._decorate(action) == action) return;
    const given = parameters();
    Object.keys(given).forEach((key) => given[key] && event.formData.set(key, given[key]));
  });

  const wrap = (owner, name, before) => {
    const original = owner[name];
    owner[name] = function (...args) {
      h._try(() => before(this, args));
      return original.apply(this, args);
    };
  };
  wrap(w.HTMLFormElement.prototype, 'submit', (form) => post(form));
  wrap(w, 'open', (opener, args) => args[0] && (args[0] = h._decorate(args[0])));

  if (w.navigation)
    h._listen(w.navigation, 'navigate', (event) => {
      const to = event.destination.url;
      const kind = event.navigationType;
      if (!event.cancelable || event.hashChange || event.formData || event.downloadRequest != null) return;
      // Links were decorated by their click, and going back or reloading leads to where the visitor was.
      if (!/^(push|replace)$/.test(kind) || to == spared || strip(to)[0] != to) return;
      const next = h._decorate(to);
      if (next == to) return;
      event.preventDefault();
      w.location[kind == 'push' ? 'assign' : 'replace'](next);
    });

  h._on('answer', (answer) => {
    pass = answer.pass;
    born = Date.now();
  });
  h._on('forget', () => (pass = born = 0));

  /** Takes a fresh pass when a visitor who may leave soon has an old one; a source that gave none wants none. */
  const prepare = async (event) => {
    const now = Date.now();
    const link = now - born > HALF_A_PASS && (pass || !born) && h._live && h._pid() && linkOf(event.composedPath());
    if (!link || refusal(parse(link.href.baseVal || link.href), w.location, entries)) return;
    born = now;
    const profile = { id: h._pid() };
    const response = await h._post('/pass', JSON.stringify({ source: { id: h._config._id }, profile }));
    if (response.ok) ({ pass } = await response.json());
  };
  ['pointerover', 'pointerdown', 'focusin'].forEach((type) =>
    h._listen(w, type, (event) => prepare(event).catch(h._log)),
  );
};
