const OPTED_OUT = 'tracardi-opt-out';

/** Whether anything may be kept and sent: `_mute` says never, `_live` says now; in between events wait in memory. */
export const privacy = (h) => {
  const { document: d, navigator: n } = h._w;
  const s = h._settings;

  h._agreed = () => true;

  h._decide = () => {
    h._mute =
      h._get(OPTED_OUT) ||
      (n.webdriver && !s.trackBots) ||
      (n.globalPrivacyControl && s.respectGPC !== false) ||
      (s.respectDoNotTrack && n.doNotTrack == 1);
    if (!h._mute && !h._live && h._agreed() && !d.prerendering) {
      h._live = 1;
      h._hold();
      h._save();
      h._drain();
      h._schedule();
    }
  };

  /** Forgets everything and stops. */
  h._silence = () => {
    h._empty();
    h._forget();
    h._live = 0;
  };

  h._optOut = () => {
    h._silence();
    h._set(OPTED_OUT, 1, true);
    h._decide();
  };

  h._optIn = () => {
    h._set(OPTED_OUT);
    h._decide();
  };
};
