import { strip } from './landing.mjs';
import { append, clean, refusal } from './linking.mjs';

const NO_LINK = 'data-tracardi-no-link';
const HALF_A_PASS = 3e5;

/** Carries the profile to the owner's other domains, whichever way the visitor leaves. */
export const links = (h) => {
  const w = h._w;
  const s = h._settings;

  // What a page writes is what the console takes, and an address besides: "http://blog.example/", "Bücher.example".
  const entries = []
    .concat(s.trackExternalLinks || [])
    .map((entry) => clean(h._parse(clean(entry).replace(/^(?!\w+:\/\/)/, 'http://')).hostname))
;
  if (!entries.join('')) return;
  let pass;
  let spared;
  let submitted;
  let submitting;

  const parameters = () => ({
    '__tr_pid': h._pid(),
    '__tr_src': h._both('source').id,
    '__tr_pass': pass,
    '__tr_sid': s.passSession && h._sid(),
  });

  const refused = (url) => refusal(url, w.location, entries) || (h._isFile(url) && 'file') || (h._live && h._pid() ? '' : h._why || 'no profile');

  h._decorate = (href) =>
    h._try(() => {
      const url = h._parse(href);
      const why = refused(url);
      h._log('link', url.href, why);
      if (why) return;
      // A pass is spent with its first use, so the next intent takes another.
      if (pass) watch('add');
      return append(strip(url.href)[0], parameters(), s.linkPosition == 'hash');
    }) || href;

  /** Lends an element the decorated address for as long as the browser takes to read it. */
  const lend = (element, name) => {
    // An SVG link keeps its address in an object, and maybe in the older xlink attribute.
    const svg = (element[name] || {}).baseVal != null && element[name];
    const read = () => (svg ? svg.baseVal : h._own(element, 'getAttribute', name));
    const write = (value) => (svg ? (svg.baseVal = value) : h._own(element, 'setAttribute', name, value));
    const old = read();
    const lent = old && h._decorate(old);
    if (lent == old) return;
    write(lent);
    setTimeout(() => read() == lent && write(old));
  };

  // The Navigation API reports this way out as well, and the page wants it left alone.
  const spare = () => {
    h._log(NO_LINK);
    spared = 1;
    setTimeout(() => (spared = 0), 1e3);
  };

  const follow = (event) => {
    const link = event.button < 2 && h._linkOf(event);
    if (!link) return;
    if (h._within(link, NO_LINK)) spare();
    else if (!link.hasAttribute('download')) h._late(event, () => lend(link, 'href'));
  };
  h._on('click', follow, w);
  h._on('auxclick', follow, w);

  /** Where a form goes: [the element that says so, its attribute, whether by POST]; nothing where it is spared. */
  const target = (form, button) => {
    const said = (node, name) => node && h._own(node, 'getAttribute', name);
    if (h._within(button || form, NO_LINK)) return [spare()];
    const byPost = /^post$/i.test(said(button, 'formmethod') || said(form, 'method'));
    return said(button, 'formaction') ? [button, 'formaction', byPost] : [form, 'action', byPost];
  };

  const post = (form, button) => {
    const [element, name, byPost] = target(form, button);
    if (byPost) lend(element, name);
  };

  h._on(
    'submit',
    (event) => {
      submitted = event;
      setTimeout(() => (submitted = 0));
      h._late(event, () => post(event.target, event.submitter));
    },
    w,
  );

  h._on(
    'formdata',
    ({ target: form, formData }) => {
      // A page may gather the fields of a form for itself. The browser does when the form was submitted, not before.
      const sent = submitted && submitted.target == form && !submitted.eventPhase && !submitted.defaultPrevented;
      if (!sent && submitting != form) return;
      const [element, name, byPost] = target(form, sent && submitted.submitter);
      const action = !byPost && element && h._own(element, 'getAttribute', name);
      if (!action || h._decorate(action) == action) return;
      new URLSearchParams(append('', parameters())).forEach((value, key) => formData.set(key, value));
    },
    w,
  );

  const wrap = (owner, name, before, after) => {
    const original = owner[name];
    owner[name] = function (...args) {
      h._try(() => before(this, args));
      const result = original.apply(this, args);
      submitting = 0;
      return result;
    };
  };
  wrap(w.HTMLFormElement.prototype, 'submit', (form) => {
    submitting = form;
    post(form);
  });
  // An object may be an element, for a function of the page's own.
  wrap(w, 'open', (opener, args) => {
    const [to] = args;
    if (typeof to == 'string' || (to || 0).searchParams) args[0] = h._decorate(to);
  });

  if (w.navigation)
    h._on(
      'navigate',
      (event) => {
        const to = event.destination.url;
        const go = { push: 'assign', replace: 'replace' }[event.navigationType];
        // Going back or reloading leads to where the visitor was, and links were decorated by their click.
        if (!go || !event.cancelable || event.hashChange || event.formData || event.downloadRequest != null) return;
        if (spared || strip(to)[0] != to) return;
        const next = h._decorate(to);
        if (next == to) return;
        event.preventDefault();
        w.location[go](next);
      },
      w.navigation,
    );

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
      const link = h._linkOf(event);
      if (!link || refused(h._parse(link.href.baseVal || link.href))) return;
      rest();
      // Asking takes longer than all else, and the page's own listeners wait for this one.
      setTimeout(() =>
        h
          ._post('/pass', h._json({ source: h._both('source'), profile: { id: h._pid() } }))
          .then((response) => response.json())
          .then((answer) => (pass = answer.pass || pass))
          .catch(h._log),
        0,
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
