// A list that grows while the page is open. The server writes each entry; this puts it on top, once.
const list = document.getElementById('stream');
const state = document.getElementById('stream-state');
const pause = document.getElementById('pause');
const card = document.getElementById('waiting');
const heading = document.getElementById('waiting-heading');
const most = +list.dataset.most;
const held = new Map();

const say = (text, kind = '') => {
  state.hidden = !text;
  state.textContent = text;
  state.className = `badge ${kind}`;
};

const has = (key) => Array.from(list.children).some((entry) => entry.dataset.key == key);

const show = ({ key, html, good }) => {
  if (has(key)) return;
  const template = document.createElement('template');
  template.innerHTML = html;
  const entry = template.content.firstElementChild;
  entry.classList.add('new');
  list.prepend(entry);
  while (list.children.length > most) list.lastElementChild.remove();
  document.getElementById('nothing').hidden = true;
  if (!good || !card) return;
  heading.textContent = card.classList.contains('good') ? list.dataset.next : list.dataset.first;
  card.classList.add('good');
};

const isPaused = () => pause && pause.getAttribute('aria-pressed') == 'true';

const waiting = () => {
  if (held.size) say(`${held.size}${held.size < most ? '' : ' or more'} new`);
  else say('paused');
};

const hear = (entry) => {
  if (!isPaused()) return show(entry);
  if (held.size < most && !has(entry.key)) held.set(entry.key, entry);
  waiting();
};

let source;
let last = list.dataset.since || '';

const listen = () => {
  source = new EventSource(`${list.dataset.stream}${last && `&since=${last}`}`);
  source.addEventListener('open', () => (isPaused() ? waiting() : say('listening', 'good')));
  source.addEventListener('news', ({ data, lastEventId }) => {
    last = lastEventId;
    JSON.parse(data).forEach(hear);
  });
  source.addEventListener('over', ({ data }) => {
    source.close();
    say(JSON.parse(data), 'bad');
  });
  source.addEventListener('error', () => {
    // The browser comes back by itself, unless the answer was no stream: then somebody has to log in again.
    if (source.readyState == EventSource.CLOSED) say('not listening any more; reload the page', 'bad');
    else say('coming back …');
  });
};

listen();
addEventListener('pagehide', () => source.close());
addEventListener('pageshow', ({ persisted }) => persisted && listen());
// A browser opens few connections to one host, so a list that nobody sees gives its own back. Who waits for a first
// event is in another tab while it happens, and is not kept waiting for ever.
if (!card) document.addEventListener('visibilitychange', () => (document.hidden ? source.close() : listen()));
else
  setTimeout(() => {
    source.close();
    say('not listening any more; reload the page');
  }, 30 * 60e3);

if (pause) {
  pause.hidden = false;
  pause.addEventListener('click', () => {
    const paused = !isPaused();
    pause.setAttribute('aria-pressed', paused);
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (paused) return waiting();
    held.forEach(show);
    held.clear();
    say('listening', 'good');
  });
}
