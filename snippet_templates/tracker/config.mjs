/** Puts the page's options over the source's, name by name, so that nothing but known names comes through. */
export const configure = (baked, page) => {
  const own = (page && page.tracker) || 0;
  const both = (name) => ({ ...baked.tracker[name], ...own[name] });
  const auto = both('auto');
  return {
    _source: both('source').id,
    _api: both('url').api,
    _events: auto.events || [],
    _asked: auto.triggers || [],
    _settings: both('settings'),
    _options: page || {},
  };
};
