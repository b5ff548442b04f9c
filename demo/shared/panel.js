// Shows what the collector knows of this visitor. Nothing here is needed on a real page: there, the snippet is all.
const at = (id) => document.getElementById(id);

const show = ({ profile, events }) => {
  const others = profile.ids.filter((id) => id !== profile.id);
  at('profile').textContent = profile.id;
  at('session').textContent = window.tracker.sessionId();
  at('aliases').textContent = others.join(' ') || 'none';
  at('visits').textContent = profile.visits;
  at('domains').textContent = ['shop', 'blog']
    .map((source) => `${source} ${events.filter((event) => event.source === source).length}`)
    .join(' · ');
  at('you').textContent = `You are ${profile.id.slice(0, 8)}…, ${events.length} event${events.length === 1 ? '' : 's'}`;
  at('command').textContent = at('command').dataset.command.replace('ID', profile.id);
  const steps = at('steps');
  steps.replaceChildren();
  events.forEach((event, index) => {
    if (index && events[index - 1].source !== event.source) {
      steps.append(element('li', { className: 'over' }, `→ over to ${event.source}.localhost, same profile`));
    }
    const what = element('span', {}, event.type);
    if (event.properties.product) what.append(element('small', {}, event.properties.product));
    steps.append(
      element('li', {}, element('b', { className: event.source }, event.source), what,
        element('time', { dateTime: event.received_at }, new Date(event.received_at).toLocaleTimeString())),
    );
  });
  steps.scrollTop = steps.scrollHeight;
  at('journey').removeAttribute('aria-busy');
};

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

let asked = 0;
const look = async (answer) => {
  const turn = ++asked;
  const response = await fetch(`/journey?profile=${encodeURIComponent(answer.profile.id)}`);
  const found = await response.json();
  // An older answer may come in behind a newer one.
  if (turn === asked && found.profile) show(found);
};

window.tracker.on('answer', look);

setTimeout(() => {
  if (!asked) at('you').textContent = 'Nothing was sent: your browser asks not to be tracked, or blocks the collector.';
}, 6000);

document.querySelectorAll('[data-buy]').forEach((button) =>
  button.addEventListener('click', () => {
    window.tracker.track('add-to-basket', { product: button.dataset.buy, price: Number(button.dataset.price) });
    at('said').textContent = `${button.dataset.buy} is in your basket.`;
    button.textContent = 'In your basket';
  }),
);
