/**
 * The hub is what the parts of the tracker share: the window, the configuration, guarded listeners and a small
 * exchange of news. Names that begin with an underscore are shortened by the build, alike in every chunk.
 */
export const makeHub = (w, baked, page) => {
  const both = (name) => ({ ...baked.tracker[name], ...((page || 0).tracker || 0)[name] });
  const ears = {};
  const tell = (name, news) => (ears[name] || []).forEach((fn) => h._try(() => fn(news)));
  const h = {
    _w: w,

    /** The page's options over the source's, name by name, so that nothing but known names comes through. */
    _both: both,
    _settings: both('settings'),

    /** Says on the console what was decided and why, where somebody asked for it. */
    _log: (...words) => h._debug && w.console.log('[tracker]', ...words),

    /**
     * Tells a function of news, or of events where a target is named. The browser takes as long to call a listener as
     * ours take to do their work, so each type of event has but one.
     */
    _on: (name, fn, target) => {
      // The first function is what the listener is added for.
      if ((ears[name] = ears[name] || []).push(fn) == 1 && target)
        target.addEventListener(name, (event) => tell(name, event), true);
    },

    _tell: (name, news) => {
      h._log(name, news);
      tell(name, news);
    },

    /** Runs a piece of work; what goes wrong in it never reaches the page. */
    _try: (work) => {
      try {
        return work();
      } catch (fault) {
        h._log(fault);
      }
    },

    /** JSON as the browser writes it, also where a library has given the prototypes a `toJSON` of its own. */
    _json: (value) =>
      JSON.stringify(
        value,
        (''.toJSON || [].toJSON) &&
          // As things are, not as their `toJSON` has them; a date has no other way.
          function (key, text) {
            return this[key] instanceof Date ? text : this[key];
          },
      ),

    /** An id in the form of a version 7 UUID: milliseconds first, so that an index of them grows at one end. */
    _id: () => {
      let digits = 0 + Date.now().toString(16);
      w.crypto.getRandomValues(new Uint8Array(18)).forEach((number) => (digits += (number & 15).toString(16)));
      return digits.replace(/(.{8})(.{4})(.{3})(.{3})/, '$1-$2-7$3-8$4-');
    },
  };
  return h;
};
