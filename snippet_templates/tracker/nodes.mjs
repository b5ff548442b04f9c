/** What the parts that look at the page's elements share. */
export const nodes = (h) => {
  const w = h._w;
  const FILE = /\.(pdf|docx?|xlsx?|pptx?|od[st]|csv|txt|zip|rar|7z|gz|dmg|exe|msi|pkg|apk|iso|mp[34])$/i;

  /** Calls a method of an element as the browser has it: a form answers with a field of its own that is named like one. */
  h._own = (node, name, ...args) => w.Element.prototype[name].apply(node, args);

  /** Whether a node or one around it has an attribute; what is around a shadow root is its host. */
  h._within = (node, attribute) => {
    for (; node; node = h._own(node, 'getRootNode').host) if (h._own(node, 'closest', `[${attribute}]`)) return true;
  };

  /** An address as the browser follows it: by the page's base and in the page's encoding. */
  h._parse = (href) => Object.assign(w.document.createElement('a'), { href });

  /** The link that a click follows. */
  h._linkOf = (event) => event.composedPath().find((node) => node.href && /^a(rea)?$/i.test(node.localName));

  /** Whether a URL leads to a file that a browser downloads. */
  h._isFile = (url) => FILE.test(url.pathname);

  /**
   * Does a piece of work when all listeners of the page have had an event, unless they cancelled it: what scripts of the
   * page read until then is as it was. A listener that stops the event on its way is the last.
   */
  h._late = (event, work) => {
    const { type } = event;
    const done = () => {
      w.removeEventListener(type, done);
      if (event.defaultPrevented) h._log('cancelled');
      else h._try(work);
      work = h._log;
    };
    w.addEventListener(type, done);
    ['stopPropagation', 'stopImmediatePropagation'].forEach((name) => {
      const stop = event[name];
      event[name] = () => {
        stop.call(event);
        // By hand, the rest of the listener comes first; a click by a script is over before that.
        if (event.isTrusted) Promise.resolve().then(done);
        else done();
      };
    });
    if (!event.bubbles || event.cancelBubble) done();
  };
};
