const IGNORE = 'data-tracardi-ignore';
const PROPERTY = 'data-tracardi-prop-';

/** What all triggers share: which ones there are, which elements they mean, and the event that they make. */
export const triggers = (h) => {
  const fired = new WeakMap();

  h._triggers = (name) => (h._both('auto').triggers || []).filter((t) => t && t.trigger == name && t.data);

  h._selector = (t) => t.selector || `[data-tracardi-tag=${h._json(`${t.tag}`)}]`;

  h._ignored = (node) => h._within(node, IGNORE);

  /** Makes a trigger's event for an element: its label and address, its data-tracardi-prop-*, never what was typed. */
  h._fire = (t, element, extra) => {
    const seen = fired.get(t) || new WeakSet();
    const subject = element || h;
    if (h._ignored(element) || (t.once && seen.has(subject))) return;
    fired.set(t, seen.add(subject));
    const properties = { ...t.data.properties };
    if (element) {
      const read = (name) => h._own(element, 'getAttribute', name);
      const first = (...names) => names.map(read).find(Boolean);
      properties.label = first('alt', 'title', 'aria-label');
      properties.url = first('src', 'href');
      h._own(element, 'getAttributeNames').forEach((name) => {
        if (name.startsWith(PROPERTY)) properties[name.slice(PROPERTY.length)] = read(name);
      });
    }
    h._track(t.data.event, { ...properties, ...extra });
  };
};
