/** Puts the page's options over the source's, name by name, so that nothing but known names comes through. */
export const configure = (baked, page) => {
  const own = (page && page.tracker) || 0;
  const both = (name) => ({ ...baked.tracker[name], ...own[name] });
  return { _both: both, _settings: both('settings') };
};
