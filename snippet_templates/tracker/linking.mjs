const SIGNED = /[?&](x-\w+-|q-)?(sig|signature|policy|hmac)=/i;

/** A host, or the entry of a linked domain, as the two are compared. */
export const clean = (name) => `${name}`.trim().toLowerCase().replace(/^\.+|\.+$/g, '');

/** Whether a host is one of the linked domains or lies below one; an address never is, nor does an empty entry match. */
export const owned = (host, entries) =>
  !/^[\d.]*$|:/.test(host) && entries.some((entry) => entry && `.${host}`.endsWith(`.${entry}`));

/** Why a link carries no profile, as a word for the log; empty where it does. */
export const refusal = (url, page, entries) => {
  const host = clean(url.hostname);
  if (!/^http/.test(url.protocol)) return 'no web link';
  if (host == clean(page.hostname)) return 'own host';
  if (page.protocol > url.protocol) return 'down to http';
  if (!owned(host, entries)) return 'not owned';
  // A signature covers the whole address, so the server behind it would refuse it with anything more.
  return SIGNED.test(url.search) ? 'signed' : '';
};

/** A URL with the parameters at its end: in front of the fragment, or in it but in front of a text directive. */
export const append = (href, parameters, inHash) => {
  const pairs = Object.keys(parameters)
    .filter((name) => parameters[name])
    .map((name) => `${name}=${encodeURIComponent(parameters[name])}`)
    .join('&');
  const mark = inHash ? '#' : '?';
  const [, before, after = ''] = (inHash ? /^([^#]*(?:#.*?)?)(:~:.*)?$/ : /([^#]*)(.*)/).exec(href);
  return before + (before.includes(mark) ? '&' : mark) + pairs + after;
};
