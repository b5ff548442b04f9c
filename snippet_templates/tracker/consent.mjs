/** Where the source requires consent: nothing is kept and nothing is sent until the visitor has said yes. */
export const consent = (h) => {
  const CONSENT = 'tracardi-consent';
  let given = h._try(() => JSON.parse(h._get(CONSENT))) || {};

  h._agreed = () => {
    const need = h._settings.requireConsent;
    return !need || (need === true ? Object.values(given).includes(true) : given[need] === true);
  };

  const own = h._context;
  // The server asks for consent as well, and may have forgotten the profile that it was given with.
  h._context = () => ({ ...own(), ...(h._settings.requireConsent && { consents: given }) });

  /** Notes what the visitor agrees to and tells the server, for the last time when the agreement is taken back. */
  h._consent = (names) => {
    given = { ...given, ...names };
    const agreed = h._agreed();
    if (h._live && !agreed) {
      h._track('consent-revoked', names);
      h._beacon();
      h._set(CONSENT);
      return h._silence();
    }
    if (agreed) h._set(CONSENT, JSON.stringify(given), true);
    h._decide();
    return h._track('consent-granted', names);
  };
};
