const PROFILE = 'tracardi-profile-id';
const SESSION = 'tracardi-session-id';
const HALF_AN_HOUR = 1800;
const TEN_SECONDS = 1e4;
const A_SECOND = 1e3;

// The original script kept its ids as JSON, so an id may come with quotes around it.
const unquoted = (id) => (id || '').replace(/^"|"$/g, '');

/** Storage that falls back to memory, and the two ids of the visitor that live in it. */
export const identity = (h) => {
  const w = h._w;
  const memory = {};
  let session;
  let touched = 0;
  let written = 0;

  h._get = (key) => memory[key] || h._try(() => w.localStorage[key]);

  /** Keeps a value, or forgets it when there is none; in memory only while nothing may be stored. */
  h._set = (key, value, always) => {
    memory[key] = value;
    h._try(() => {
      if (!value) delete w.localStorage[key];
      else if (h._live || always) {
        w.localStorage[key] = value;
        delete memory[key];
      }
    });
  };

  // Where there is no such cookie, the end of them all stands for an empty one.
  const readCookie = () =>
    h._try(() => unquoted(decodeURIComponent(/(tracardi-session-id=|$)([^;]*)/.exec(w.document.cookie)[2])));

  const writeCookie = (id, age) =>
    h._try(() => {
      w.document.cookie = `${SESSION}=${encodeURIComponent(id)};path=/;max-age=${age};samesite=lax${
        w.location.protocol == 'https:' ? ';secure' : ''
      }`;
    });

  /** The id of the running session, prolonged by half an hour; a new one where it ran out or another is given. */
  h._sid = (id, anew) => {
    const now = Date.now();
    // Reading a cookie costs more than all the rest of an event, so what other tabs did is seen after a second, unless
    // that is what somebody wants to know.
    const kept = (!anew && now - touched < A_SECOND && session) || readCookie();
    session = id || kept || (now - touched < HALF_AN_HOUR * 1e3 && session) || h._id();
    touched = now;
    // Writing a cookie costs a click its time, so a visitor in full swing prolongs the session every ten seconds.
    if (h._live && (session != kept || now - written > TEN_SECONDS)) {
      writeCookie(session, HALF_AN_HOUR);
      written = now;
    }
    return session;
  };

  h._pid = () => unquoted(h._get(PROFILE));

  /** Forgets who this is; whoever comes next is a new visitor. */
  h._forget = () => {
    h._set(PROFILE);
    h._arrival = session = '';
    writeCookie('', 0);
    h._tell('forget');
  };
};
