/**
 * Takes the linker's parameters out of a URL: returns [the URL without them, what they said].
 * The rest of the query and of the fragment is kept byte for byte.
 */
export const strip = (href) => {
  const said = {};
  const bare = href.replace(/([?&#])((?:__tr_\w+=[^&#]*(?:&|(?=#)|$))+)/g, (run, mark, pairs) => {
    new URLSearchParams(pairs).forEach((value, name) => (said[name.slice(5)] = value));
    return mark;
  });
  return [bare == href ? href : bare.replace(/[?&]+(?=#|$)|#$/g, ''), said];
};

/** Cleans the address bar before anybody else reads it and returns what the parameters said. */
export const land = (w) => {
  const [bare, said] = strip(w.location.href);
  try {
    // The state and the length of the history belong to the page, so the entry is replaced with its own state.
    if (bare != w.location.href) w.history.replaceState(w.history.state, '', bare);
  } catch (refused) {
    // A sandboxed document may not touch its history; what was read is still of use.
  }
  return said;
};
