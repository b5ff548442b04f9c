const OPTED_OUT = 'tracardi-opt-out';

/** Whether anything may be kept and sent: `_mute` says never, `_live` says now; in between events wait in memory. */
export const privacy = (h) => {
  const { document: d, navigator: n } = h._w;
  const s = h._settings;
  const heeded = {
    webdriver: !s.trackBots,
    globalPrivacyControl: s.respectGPC !== false,
    doNotTrack: s.respectDoNotTrack,
  };

  /** Decides anew, also after another tab has decided for all of them; `_why` names the reason for silence. */
  h._decide = () => {
    h._mute = h._get(OPTED_OUT) ? OPTED_OUT : Object.keys(heeded).find((sign) => heeded[sign] & n[sign]);
    h._why = h._mute || (h._lacking && h._lacking()) || (d.prerendering && 'prerendering');
    if (h._why) {
      if (h._live) h._silence();
    } else if (!h._live) {
      h._live = 1;
      h._hold();
      h._save();
      h._drain();
      h._schedule();
    }
  };

  h._optOut = (out) => {
    h._set(OPTED_OUT, out, 1);
    h._decide();
  };
};
