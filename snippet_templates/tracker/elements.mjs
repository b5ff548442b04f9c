const LONGEST_TEXT = 1000;
const SELECTED = 300;

/** Triggers on what a visitor does to an element: one listener a kind, also for elements that come later. */
export const elements = (h) => {
  const { document: d } = h._w;

  ['Click', 'DblClick', 'Focus', 'Change', 'Submit', 'Copy', 'Play', 'Ended', 'MouseOver'].forEach((kind) => {
    const list = h._triggers(`on${kind}`);
    if (!list[0]) return;
    h._on(
      kind.toLowerCase(),
      (event) =>
        list.forEach((t) =>
          h._try(() => {
            const element = event
              .composedPath()
              .find((node) => node instanceof h._w.Element && h._own(node, 'matches', h._selector(t)));
            // Moving from one child to another is not a second visit.
            const moved = kind == 'MouseOver' && element && h._own(element, 'contains', event.relatedTarget);
            if (element && !moved) h._fire(t, element);
          }),
        ),
      h._w,
    );
  });

  const selections = h._triggers('onTextSelect');
  let timer;
  if (selections[0])
    h._on(
      'selectionchange',
      () => {
        clearTimeout(timer);
        timer = setTimeout(
          () =>
            h._try(() => {
              const selection = d.getSelection();
              const text = `${selection}`.slice(0, LONGEST_TEXT);
              const node = selection.anchorNode;
              const parent = node && (node.nodeType == 3 ? node.parentElement : node);
              // What is selected in a field is what somebody typed.
              if (!parent || !text.trim() || h._own(d.activeElement, 'matches', 'input,textarea,[contenteditable]')) return;
              selections.forEach((t) => {
                const element = h._own(parent, 'closest', h._selector(t));
                if (element) h._fire(t, element, { text });
              });
            }),
          SELECTED,
        );
      },
      d,
    );
};
