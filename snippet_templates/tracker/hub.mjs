const hex = (number, length) => number.toString(16).padStart(length, 0);

/**
 * The hub is what the parts of the tracker share: the window, the configuration, guarded listeners and a small
 * exchange of news. Names that begin with an underscore are shortened by the build, alike in every chunk.
 */
export const makeHub = (w, config) => {
  const ears = {};
  const tell = (name, news) => (ears[name] || []).forEach((fn) => h._try(() => fn(news)));
  const h = {
    _w: w,

    /** Says on the console what was decided and why, where somebody asked for it. */
    _log: (...words) => h._debug && w.console.log('[tracker]', ...words),

    _on: (name, fn) => {
      (ears[name] = ears[name] || []).push(fn);
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

    /** The browser takes as long to call a listener as ours take to do their work, so each type has but one. */
    _listen: (target, type, fn) => {
      const name = '@' + type;
      if (!ears[name]) target.addEventListener(type, (event) => tell(name, event), true);
      h._on(name, fn);
    },

    /** An id in the form of a version 7 UUID: milliseconds first, so that an index of them grows at one end. */
    _id: () => {
      let digits = hex(Date.now(), 12);
      w.crypto.getRandomValues(new Uint32Array(3)).forEach((number) => (digits += hex(number, 8)));
      return digits.replace(/(.{8})(.{4})(.{3})(.{3})(.{12}).*/, '$1-$2-7$3-8$4-$5');
    },
  };
  return Object.assign(h, config);
};
