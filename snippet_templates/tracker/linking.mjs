import { strip } from './landing.mjs';

const clean = (name) => `${name}`.trim().toLowerCase().replace(/^\.+|\.+$/g, '');

/** Whether a host is one of the linked domains or lies below one; an address never is, nor does an empty entry match. */
export const owned = (host, entries) => {
  const name = clean(host);
  return (
    !/^[\d.]*$|:/.test(name) &&
    entries.some((entry) => clean(entry) && (name == clean(entry) || name.endsWith(`.${clean(entry)}`)))
  );
};

/** Why a link carries no profile, as a word for whoever looks for it; empty where it does. */
export const refusal = (url, page, entries) => {
  if (!/^https?:$/.test(url.protocol)) return 'no web link';
  if (clean(url.hostname) == clean(page.hostname)) return 'own host';
  if (page.protocol == 'https:' && url.protocol == 'http:') return 'down to http';
  return owned(url.hostname, entries) ? '' : 'not owned';
};

/** A URL with the parameters at its end: in front of the fragment, or in it; older ones are replaced. */
export const append = (href, parameters, inHash) => {
  const [bare] = strip(href);
  const pairs = Object.keys(parameters)
    .filter((name) => parameters[name])
    .map((name) => `${name}=${encodeURIComponent(parameters[name])}`)
    .join('&');
  if (inHash) return bare + (bare.includes('#') ? '&' : '#') + pairs;
  const [, before, after] = /^([^#]*)(.*)$/.exec(bare);
  return before + (before.includes('?') ? '&' : '?') + pairs + after;
};
