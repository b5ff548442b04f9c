/**
 * Takes the linker's parameters out of a URL: returns [the URL without them, what they said].
 * It undoes what `append` does, so the rest of the query and of the fragment is kept to the byte.
 */
export const strip = (href) => {
  const said = {};
  const bare = href.replace(/([?&#])((?:__tr_\w+=[^&#]*&?)+)(?=($|#)|)/g, (run, mark, pairs, end) => {
    new URLSearchParams(pairs).forEach((value, name) => (said[name.slice(5)] = value));
    // Behind the last of the others stands the mark that came with the parameters; in front of others it is theirs.
    return end == null ? mark : '';
  });
  return [bare, said];
};

/** Cleans the address bar before other scripts read it and returns what the parameters said. */
export const land = (w, whole) => {
  const { href } = w.location;
  const [bare, said] = strip(href);
  try {
    // The state and the length of the history belong to the page, so the entry is replaced with its own state.
    if (bare != href) w.history.replaceState(w.history.state, '', whole ? whole(bare, w) : bare);
  } catch (refused) {
    // A sandboxed document may not touch its history; what was read is still of use.
  }
  return said;
};
