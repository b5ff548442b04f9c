/** Where the source requires consent: nothing is kept and nothing is sent until the visitor has said yes. */
export const consent = (h) => {
  const CONSENT = 'tracardi-consent';
  let given = {};

  const enough = () => {
    const need = h._settings.requireConsent;
    return !need || (need === true ? Object.values(given).includes(true) : given[need] === true);
  };

  h._lacking = () => {
    // Another tab may have stored an agreement, or taken it back; before there was one, what was said is in memory.
    given = h._try(() => JSON.parse(h._get(CONSENT))) || (h._live ? {} : given);
    return !enough() && 'no consent';
  };

  const own = h._context;
  // The server asks for consent as well, and may have forgotten the profile that it was given with.
  h._context = () => ({ ...own(), ...(h._settings.requireConsent && { consents: given }) });

  /** Notes what the visitor agrees to and tells the server, for the last time when the agreement is taken back. */
  h._consent = (names) => {
    given = { ...given, ...names };
    if (enough()) h._set(CONSENT, h._json(given), true);
    else if (h._live) {
      // From here on the next page is silent, whatever becomes of the rest; then this one is, and the server is told.
      h._set(CONSENT);
      h._track('consent-revoked', names);
      h._try(h._beacon);
      return h._silence();
    }
    h._decide();
    return h._track('consent-granted', names);
  };
};
