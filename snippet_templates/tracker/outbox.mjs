const PREFIX = 'tracardi-outbox-';
const MOST_EVENTS = 1000;
const MOST_CHARACTERS = 1e6;
const AT_ONCE = 50;
const ABANDONED_AFTER = 3e4;

/**
 * The events that the server has not acknowledged: one localStorage key a page. A page holds a Web Lock named by its
 * key for as long as it lives, so that another page takes over a key only when its owner is gone. Where there are no
 * Web Locks, a key that nobody touched for half a minute is taken.
 */
export const outbox = (h) => {
  const w = h._w;
  const locks = w.navigator.locks;
  const key = PREFIX + h._id();
  let release;
  let saving;

  h._box = [];

  /** Does a piece of work under a lock that all pages of this origin share, or without one where there is none. */
  h._lock = (name, work, ifAvailable) => (locks ? locks.request(name, { ifAvailable }, work).catch(work) : work());

  h._save = () => {
    saving = 0;
    const text = h._json({ t: h._away ? 0 : Date.now(), b: h._box });
    if (h._box[MOST_EVENTS] || text.length > MOST_CHARACTERS) h._drop(h._box.slice(0, AT_ONCE), 'full', null);
    else h._set(key, h._box[0] && text);
  };

  /** Stores what this task adds with one write, at the end of the task and before anything can unload the page. */
  h._saveSoon = async () => {
    if (saving) return;
    saving = 1;
    await 0;
    h._save();
  };

  const read = (name) => h._try(() => JSON.parse(h._get(name))) || { b: [] };

  const take = (name, lock) => {
    const { t, b } = read(name);
    if (lock === null || (!lock && Date.now() - t < ABANDONED_AFTER)) return;
    // They are stored under the new key before the old one goes, so that a crash in between loses nothing.
    h._box = b.concat(h._box);
    h._save();
    h._set(name);
    h._schedule();
  };

  const others = (each) =>
    h._try(() =>
      Object.keys(w.localStorage).forEach((name) => name.startsWith(PREFIX) && name != key && each(name)),
    );

  /** Takes over what closed pages have left. */
  h._drain = () => others((name) => h._lock(name, (lock) => h._try(() => take(name, lock)), true));

  /** Marks the box as this page's while it lives. */
  h._hold = () => {
    if (!release) h._lock(key, () => new Promise((resolve) => (release = resolve)));
  };

  /** Lets others take the box: a page in the back/forward cache may never come back, and a lock would keep it out. */
  h._letGo = () => {
    h._answer(h._box);
    h._away = 1;
    h._save();
    release = release && release();
  };

  /** Back from the cache: what is still there is still ours. */
  h._comeBack = () => {
    h._away = 0;
    h._hold();
    h._box = read(key).b;
  };

  /** Forgets everything and stops. */
  h._silence = () => {
    h._live = 0;
    h._answer(h._box);
    h._box = [];
    h._set(key);
    others((name) => h._set(name));
    h._forget();
  };
};
