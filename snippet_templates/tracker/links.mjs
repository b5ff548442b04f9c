import { append, clean, refusal } from './linking.mjs';
import { within } from './within.mjs';

const NO_LINK = 'data-tracardi-no-link';
const HALF_A_PASS = 3e5;
const later = setTimeout;

/** Carries the profile to the owner's other domains, whichever way the visitor leaves. */
export const links = (h) => {
  const w = h._w;
  const s = h._settings;
  const entries = [].concat(s.trackExternalLinks || []).map(clean);
  if (!entries[0]) return;
  let pass;
  let spared;
  let submitter;

  const parameters = () => ({
    '__tr_pid': h._pid(),
    '__tr_src': h._source,
    '__tr_pass': pass,
    '__tr_sid': s.passSession && h._sid(),
  });

  const parse = (href) => new URL(href, w.document.baseURI);
  const refused = (url) => refusal(url, w.location, entries) || (h._live && h._pid() ? '' : 'no profile');

  h._decorate = (href) =>
    h._try(() => {
      const url = parse(href);
      const why = refused(url);
      h._log('link', url.href, why);
      if (why) return;
      // A pass is spent with its first use, so the next intent takes another.
      if (pass) watch('add');
      return append(h._strip(url.href)[0], parameters(), s.linkPosition == 'hash');
    }) || href;

  /** Lends an element the decorated address for as long as the browser takes to read it. */
  const lend = (element, name) => {
    // An SVG link keeps its address in an object, and maybe in the older xlink attribute.
    const svg = (element[name] || {}).baseVal != null && element[name];
    const read = () => (svg ? svg.baseVal : element.getAttribute(name));
    const write = (value) => (svg ? (svg.baseVal = value) : element.setAttribute(name, value));
    const old = read();
    const lent = old && h._decorate(old);
    if (lent == old) return;
    write(lent);
    later(() => read() == lent && write(old));
  };

  const linkOf = (event) => event.composedPath().find((node) => node.href && /^a(rea)?$/i.test(node.localName));

  // The Navigation API reports this way out as well, and the page wants it left alone.
  const spare = () => {
    spared = 1;
    later(() => (spared = 0), 1e3);
  };

  const follow = (event) => {
    const link = event.button < 2 && linkOf(event);
    if (!link) return;
    if (within(link, NO_LINK)) spare();
    else if (!link.hasAttribute('download')) lend(link, 'href');
  };
  h._listen(w, 'click', follow);
  h._listen(w, 'auxclick', follow);

  /** Where a form goes: [the element that says so, its attribute, whether by POST]; nothing where it is spared. */
  const target = (form, button) => {
    const own = (name) => button && button.getAttribute(name);
    if (within(button || form, NO_LINK)) {
      spare();
      return [];
    }
    const byPost = /^post$/i.test(own('formmethod') || form.getAttribute('method'));
    return own('formaction') ? [button, 'formaction', byPost] : [form, 'action', byPost];
  };

  const post = (form, button) => {
    const [element, name, byPost] = target(form, button);
    if (byPost) lend(element, name);
  };

  h._listen(w, 'submit', (event) => {
    submitter = event.submitter;
    later(() => (submitter = 0));
    post(event.target, submitter);
  });
  h._listen(w, 'formdata', ({ target: form, formData }) => {
    const [element, name, byPost] = target(form, submitter);
    const action = !byPost && element && element.getAttribute(name);
    if (!action || h._decorate(action) == action) return;
    new URLSearchParams(append('', parameters())).forEach((value, key) => formData.set(key, value));
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
      const go = { push: 'assign', replace: 'replace' }[event.navigationType];
      // Going back or reloading leads to where the visitor was, and links were decorated by their click.
      if (!go || !event.cancelable || event.hashChange || event.formData || event.downloadRequest != null) return;
      if (spared || h._strip(to)[0] != to) return;
      const next = h._decorate(to);
      if (next == to) return;
      event.preventDefault();
      w.location[go](next);
    });

  const watch = (how) =>
    ['pointerover', 'pointerdown', 'focusin'].forEach((type) => w[how + 'EventListener'](type, prepare, true));

  /** A pass that is fresh and unused is all a visitor needs, so until then no listener costs the page anything. */
  const rest = () => {
    watch('remove');
    // A source that gives none wants none.
    setTimeout(() => pass && watch('add'), HALF_A_PASS);
  };

  /** Takes a fresh pass when a visitor may leave soon. */
  const prepare = (event) =>
    h._try(() => {
      const link = linkOf(event);
      if (!link || refused(parse(link.href.baseVal || link.href))) return;
      rest();
      // Asking takes longer than all else, and the page's own listeners wait for this one.
      later(() =>
        h
          ._post('/pass', JSON.stringify({ source: { id: h._source }, profile: { id: h._pid() } }))
          .then((response) => response.json())
          .then((answer) => (pass = answer.pass || pass))
          .catch(h._log),
      );
    });

  h._on('answer', (answer) => {
    pass = answer.pass;
    rest();
  });
  h._on('forget', () => {
    pass = 0;
    watch('add');
  });
  watch('add');
};
