import assert from 'node:assert/strict';
import { beforeEach, test, mock } from 'node:test';

import { answered, config, makeStorage, makeWindow, pass, run, types } from './fake.mjs';

const { timers } = mock;
beforeEach(() => {
  timers.reset();
  timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 });
});

const stored = (storage) =>
  Object.keys(storage)
    .filter((key) => key.startsWith('tracardi-outbox-'))
    .flatMap((key) => JSON.parse(storage[key]).b.map((item) => item.e.type));

test('the events of a page load leave in one request, as plain text without credentials', async () => {
  const w = makeWindow();
  const tracker = run(w, config({}, { auto: { events: [['page-view', { category: 'laptops' }]] } }));
  tracker.track('interest', { a: 1 });
  await pass(timers, 50);
  assert.equal(w.requests.length, 1);
  const [to, body, init] = w.requests[0];
  assert.equal(to, 'https://collect.example/track');
  assert.deepEqual([init.credentials, init.keepalive, init.headers], ['omit', true, { 'content-type': 'text/plain' }]);
  assert.deepEqual(types(w.requests[0]), ['page-view', 'interest']);
  assert.deepEqual(body.source, { id: 'source-1' });
  assert.equal(body.profile, null);
  assert.equal(body.metadata.sentAt, new Date().toISOString());
  assert.deepEqual(body.events[0].properties, { category: 'laptops' });
  assert.equal(body.events[0].context.page.url, 'https://shop.example/');
});

test('an event id is a version 7 UUID of the moment of the event', async () => {
  const w = makeWindow();
  run(w).track('a');
  await pass(timers, 50);
  const { id } = w.requests[0][1].events[0];
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(parseInt(id.replace('-', '').slice(0, 12), 16), 1_700_000_000_000);
});

test('sixty events at once leave as one request, each once', async () => {
  const w = makeWindow();
  const tracker = run(w);
  for (let i = 0; i < 60; i++) tracker.track('e', { i });
  await pass(timers, 50);
  assert.equal(w.requests.length, 1);
  assert.equal(new Set(w.requests[0][1].events.map((event) => event.id)).size, 60);
});

test('track resolves to the answer, and what was acknowledged leaves the outbox', async () => {
  const w = makeWindow();
  const promise = run(w).track('a', {}, { fire: true });
  await pass(timers);
  assert.deepEqual(await promise, answered());
  assert.deepEqual(stored(w.localStorage), []);
});

test('an event waits in storage until the server has taken it, and goes again with the same id', async () => {
  const w = makeWindow();
  w.replies.push({ status: 503 }, { status: 0 }, { status: 429 });
  run(w).track('a');
  await pass(timers, 50);
  assert.deepEqual(stored(w.localStorage), ['a']);
  for (const wait of [1000, 2000, 4000]) await pass(timers, wait);
  assert.equal(w.requests.length, 4);
  assert.equal(new Set(w.requests.map((request) => request[1].events[0].id)).size, 1);
  assert.deepEqual(stored(w.localStorage), []);
});

test('Retry-After is obeyed, also when the browser comes online in between', async () => {
  const w = makeWindow();
  w.replies.push({ status: 503, headers: { 'retry-after': '60' } });
  run(w).track('a');
  await pass(timers, 50);
  await pass(timers, 59_000);
  w.dispatchEvent(new Event('online'));
  await pass(timers, 900);
  assert.equal(w.requests.length, 1);
  await pass(timers, 3000);
  assert.equal(w.requests.length, 2);
});

test('after an outage of the network the browser tries again as soon as it is online', async () => {
  const w = makeWindow();
  w.replies.push({ status: 0 });
  run(w).track('a');
  await pass(timers, 50);
  w.dispatchEvent(new Event('online'));
  await pass(timers);
  assert.equal(w.requests.length, 2);
});

test('a server that never answers is left alone after eight attempts', async () => {
  const w = makeWindow();
  w.replies.push(...Array.from({ length: 50 }, () => ({ status: 0 })));
  run(w).track('a');
  for (let minute = 0; minute < 60; minute++) await pass(timers, 60_000);
  assert.equal(w.requests.length, 8);
  assert.deepEqual(stored(w.localStorage), ['a']);
});

test('what the server refuses is dropped and reported, and its promise resolves to the refusal', async () => {
  const w = makeWindow();
  w.replies.push({ status: 422, body: { detail: 'no' } });
  const tracker = run(w);
  const troubles = [];
  tracker.on('error', (trouble) => troubles.push(trouble));
  const promise = tracker.track('a');
  await pass(timers, 50);
  assert.deepEqual(await promise, { detail: 'no' });
  assert.deepEqual(troubles, [{ status: 422, answer: { detail: 'no' }, events: 1 }]);
  assert.deepEqual(stored(w.localStorage), []);
});

test('a batch that is too large is halved; one event that is too large alone is dropped', async () => {
  const w = makeWindow();
  w.replies.push({ status: 413 }, { status: 413 }, { status: 413 });
  const tracker = run(w);
  const troubles = [];
  tracker.on('error', (trouble) => troubles.push(trouble.status));
  for (let i = 0; i < 4; i++) tracker.track('e', { i });
  await pass(timers, 50);
  assert.deepEqual(w.requests.map((request) => types(request).length), [4, 2, 1, 1, 2]);
  assert.deepEqual(troubles, [413]);
});

test('an event that the server cannot take is found by halving and dropped; its neighbours arrive', async () => {
  const w = makeWindow();
  w.replies.push(...[422, 200, 422, 200, 422].map((status) => ({ status })));
  const tracker = run(w);
  const troubles = [];
  tracker.on('error', ({ status, events }) => troubles.push([status, events]));
  for (const type of ['a', 'b', 'bad']) tracker.track(type);
  await pass(timers, 50);
  assert.deepEqual(w.requests.map(types), [['a', 'b', 'bad'], ['a'], ['b', 'bad'], ['b'], ['bad']]);
  assert.deepEqual(troubles, [[422, 1]]);
});

test('bytes are counted, not characters: no batch outgrows what a keepalive request may hold', async () => {
  const w = makeWindow();
  const tracker = run(w);
  for (let i = 0; i < 10; i++) tracker.track('e', { text: 'ж'.repeat(8000) });
  await pass(timers, 50);
  assert.deepEqual(w.requests.map((request) => types(request).length), [3, 3, 3, 1]);
  assert.ok(w.requests.every((request) => request[2].keepalive && Buffer.byteLength(request[2].body) < 65536));
});

test('one event over that limit is sent without keepalive', async () => {
  const w = makeWindow();
  run(w).track('e', { text: 'x'.repeat(70_000) });
  await pass(timers, 50);
  assert.equal(w.requests[0][2].keepalive, false);
});

test('the outbox keeps a thousand events; the oldest go and are reported', async () => {
  const w = makeWindow();
  w.replies.push({ status: 503 });
  const tracker = run(w);
  let lost = 0;
  tracker.on('error', (trouble) => (lost += trouble.events));
  for (let i = 0; i < 1020; i++) tracker.track(`e${i}`);
  await pass(timers);
  assert.equal(stored(w.localStorage).length + lost, 1020);
  assert.ok(lost > 0 && stored(w.localStorage).length <= 1000);
  assert.equal(stored(w.localStorage).at(-1), 'e1019');
});

test('what is left when the page goes leaves by beacon and stays in the outbox, free for the next page', async () => {
  const w = makeWindow();
  run(w).track('a');
  await pass(timers);
  w.dispatchEvent(new Event('pagehide'));
  assert.deepEqual(w.beacons.map(([to, body]) => [to, body.events[0].type]), [['https://collect.example/track', 'a']]);
  await pass(timers);
  const next = makeWindow({ storage: w.localStorage });
  run(next);
  await pass(timers, 50);
  assert.deepEqual(types(next.requests[0]), ['a']);
  assert.equal(next.requests[0][1].events[0].id, w.beacons[0][1].events[0].id);
  assert.deepEqual(stored(w.localStorage), []);
});

test('a key that another page touched a moment ago is left to it; half a minute later it is taken over', async () => {
  const storage = makeStorage();
  const first = makeWindow({ storage });
  first.replies.push({ status: 503, headers: { 'retry-after': '3600' } });
  run(first).track('a');
  await pass(timers, 50);
  const second = makeWindow({ storage });
  run(second);
  await pass(timers, 50);
  assert.equal(second.requests.length, 0);
  await pass(timers, 31_000);
  await pass(timers, 50);
  assert.deepEqual(types(second.requests[0]), ['a']);
});

test('an event that cannot be written as JSON resolves to null and does not stand in the way', async () => {
  const w = makeWindow();
  const tracker = run(w);
  const round = {};
  round.round = round;
  const promise = tracker.track('a', round);
  tracker.track('b');
  await pass(timers, 50);
  assert.equal(await promise, null);
  assert.deepEqual(types(w.requests[0]), ['b']);
});

test('properties are taken as they are at the moment of the call', async () => {
  const w = makeWindow();
  const basket = { items: 1 };
  run(w).track('basket', basket);
  basket.items = 2;
  await pass(timers, 50);
  assert.deepEqual(w.requests[0][1].events[0].properties, { items: 1 });
});

test('two tabs that open at once for a first visit share the session that was written last', async () => {
  const [storage, jar] = [makeStorage(), {}];
  const tabs = [makeWindow({ storage, jar }), makeWindow({ storage, jar })];
  tabs.forEach((w) => run(w).track('a'));
  await pass(timers, 50);
  const sessions = tabs.map((w) => w.requests[0][1].session.id);
  assert.equal(sessions[0], sessions[1]);
});

test('a visitor without a profile sends under a lock, and a tab that waited sends what the first one learned', async () => {
  const [storage, jar] = [makeStorage(), {}];
  let last = Promise.resolve();
  const locks = {
    request: (name, options, work) => {
      if (name !== 'tracardi') return Promise.resolve(work({}));
      last = last.then(() => work({}));
      return last;
    },
  };
  const tabs = [0, 1].map(() => makeWindow({ storage, jar, navigator: { locks } }));
  tabs.forEach((w) => run(w).track('a', {}, { fire: true }));
  await pass(timers);
  await pass(timers);
  assert.deepEqual(tabs.map((w) => w.requests[0][1].profile), [null, { id: 'P1' }]);
});

test('a second copy of the script on one page stays quiet', async () => {
  const w = makeWindow();
  const tracker = run(w, config({}, { auto: { events: [['page-view', {}]] } }));
  assert.equal(run(w), tracker);
  await pass(timers, 50);
  assert.deepEqual(types(w.requests[0]), ['page-view']);
});

test('the time zone is told without waking Intl where the browser has Temporal, and by Intl where not', async () => {
  const intl = mock.method(Intl, 'DateTimeFormat');
  const told = async (more) => {
    const w = Object.assign(makeWindow(), more);
    run(w).track('a');
    await pass(timers, 50);
    return w.requests[0][1].context.time.tz;
  };
  assert.equal(await told({ Temporal: { Now: { timeZoneId: () => 'Europe/Warsaw' } } }), 'Europe/Warsaw');
  assert.equal(intl.mock.callCount(), 0);
  assert.equal(await told({}), intl.mock.restore() || Intl.DateTimeFormat().resolvedOptions().timeZone);
});

const DAY = 86_400_000;
const poisoned = (bad, status = 500) => {
  const w = makeWindow();
  const { fetch } = w;
  w.fetch = (to, init) => {
    const spoilt = JSON.parse(init.body).events.some((event) => event.type === bad);
    w.replies.push({ status: spoilt ? status : 200 });
    return fetch(to, init);
  };
  return w;
};

test('an event that the server fails at is found by halving and waits for itself; the others arrive', async () => {
  const w = poisoned('bad');
  const tracker = run(w);
  for (const type of ['a', 'b', 'bad', 'c']) tracker.track(type);
  await pass(timers, 50);
  for (let second = 0; second < 20; second++) await pass(timers, 1000);
  const arrived = w.requests.map(types).filter((sent) => !sent.includes('bad')).flat();
  assert.deepEqual(arrived.sort(), ['a', 'b', 'c']);
  assert.deepEqual(stored(w.localStorage), ['bad']);
  const before = w.requests.length;
  tracker.track('later');
  await pass(timers, 50);
  assert.deepEqual(w.requests.slice(before).map(types), [['later']]);
});

test('it is given up when the server has failed at it for a day while others got through', async () => {
  const w = poisoned('bad', 503);
  const tracker = run(w);
  const troubles = [];
  tracker.on('error', ({ status, events }) => troubles.push([status, events]));
  tracker.track('bad');
  tracker.track('good');
  for (let hour = 0; hour < 23; hour++) for (let part = 0; part < 30; part++) await pass(timers, 120_000);
  assert.deepEqual([troubles, stored(w.localStorage)], [[], ['bad']]);
  for (let part = 0; part < 60; part++) await pass(timers, 120_000);
  assert.deepEqual([troubles, stored(w.localStorage)], [[[503, 1]], []]);
});

test('an outage of more than a day costs nothing', async () => {
  const w = makeWindow();
  w.replies.push(...Array.from({ length: 3000 }, () => ({ status: 502 })));
  const tracker = run(w);
  for (const type of ['a', 'b', 'c']) tracker.track(type);
  for (let part = 0; part < 900; part++) await pass(timers, 120_000);
  assert.ok(w.requests.length < 1500);
  w.replies.length = 0;
  for (let part = 0; part < 20; part++) await pass(timers, 120_000);
  assert.deepEqual(stored(w.localStorage), []);
  assert.deepEqual([...new Set(w.requests.slice(-3).flatMap(types))].sort(), ['a', 'b', 'c']);
});

test('the next page remembers which event the server fails at, and for how long', async () => {
  const w = poisoned('bad');
  run(w).track('bad');
  await pass(timers, 50);
  w.dispatchEvent(new Event('pagehide'));
  assert.deepEqual(w.beacons, []);
  const next = makeWindow({ storage: w.localStorage });
  next.replies.push({ status: 200 });
  run(next).track('view');
  await pass(timers, 50);
  await pass(timers, 1000);
  assert.deepEqual(next.requests.map(types), [['view'], ['bad']]);
});

test('two days later it is tried again before it is given up', async () => {
  const w = poisoned('bad');
  const tracker = run(w);
  tracker.track('bad');
  tracker.track('good');
  for (let part = 0; part < 20; part++) await pass(timers, 10_000);
  w.dispatchEvent(new Event('pagehide'));
  timers.tick(2 * DAY);
  const next = makeWindow({ storage: w.localStorage });
  run(next);
  await pass(timers, 50);
  assert.deepEqual(next.requests.map(types), [['bad']]);
  assert.deepEqual(stored(next.localStorage), []);
});

test('a promise is kept when the page goes before the answer, and when the visitor opts out', async () => {
  const w = makeWindow();
  w.replies.push({ status: 503 });
  const tracker = run(w);
  const gone = tracker.track('a');
  await pass(timers, 50);
  w.dispatchEvent(new Event('pagehide'));
  assert.equal(await gone, null);
  const other = run(makeWindow());
  const opted = other.track('b');
  other.optOut();
  assert.equal(await opted, null);
});

test('where there is no beacon, or none that the page has left alone, a request takes what is left', async () => {
  for (const sendBeacon of [undefined, () => false, () => { throw new Error('replaced'); }]) {
    const w = makeWindow();
    w.navigator.sendBeacon = sendBeacon;
    run(w).track('a');
    await pass(timers);
    w.dispatchEvent(new Event('pagehide'));
    assert.deepEqual(w.requests.map(types), [['a']]);
    assert.equal(w.requests[0][2].keepalive, true);
  }
});

test('bodies are what they are, whatever a library has taught arrays and strings about JSON', async () => {
  const w = makeWindow();
  const told = { list: [1, { deep: ['x'] }], text: 'y', when: new Date(0), none: null };
  for (const kind of [Object, Array, String]) kind.prototype.toJSON = () => 'spoilt';
  try {
    run(w).track('a', told);
    await pass(timers, 0);
    w.dispatchEvent(new Event('pagehide'));
    assert.equal(typeof Array.prototype.toJSON, 'function');
  } finally {
    for (const kind of [Object, Array, String]) delete kind.prototype.toJSON;
  }
  const [, sent] = w.beacons[0];
  assert.deepEqual(sent.events[0].properties, { list: [1, { deep: ['x'] }], text: 'y', when: '1970-01-01T00:00:00.000Z', none: null });
});
