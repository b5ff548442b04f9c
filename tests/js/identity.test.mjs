import assert from 'node:assert/strict';
import { beforeEach, test, mock } from 'node:test';

import { consent } from '../../snippet_templates/tracker/consent.mjs';
import { original } from '../../snippet_templates/tracker/original.mjs';
import { stub } from '../../snippet_templates/tracker/stub.mjs';
import { answered, config, makeStorage, makeWindow, pass, run, types } from './fake.mjs';

const { timers } = mock;
const PROFILE = 'tracardi-profile-id';
beforeEach(() => {
  timers.reset();
  timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 });
});

const forbidden = () => {
  throw new Error('forbidden');
};

const withProfile = (text) => Object.assign(makeStorage(), { [PROFILE]: text });

test('the ids that the server answers replace the ones that were sent', async () => {
  const w = makeWindow({ storage: withProfile('OLD'), jar: { 'tracardi-session-id': 'S0' } });
  const tracker = run(w);
  tracker.track('a');
  await pass(timers, 50);
  assert.deepEqual([w.requests[0][1].profile, w.requests[0][1].session], [{ id: 'OLD' }, { id: 'S0' }]);
  assert.deepEqual([tracker.profileId(), tracker.sessionId()], ['P1', 'S1']);
  assert.match(w.lastCookie, /^tracardi-session-id=S1;path=\/;max-age=1800;samesite=lax;secure$/);
});

test('ids that an original snippet kept in quotes are read', async () => {
  const w = makeWindow({ storage: withProfile('"P7"'), jar: { 'tracardi-session-id': '%22S7%22' } });
  const tracker = run(w);
  assert.deepEqual([tracker.profileId(), tracker.sessionId()], ['P7', 'S7']);
});

test('a burst of events reads the cookie once, and what another tab did to it is seen a second later', () => {
  const jar = { 'tracardi-session-id': 'S0' };
  const w = makeWindow({ jar });
  const cookie = Object.getOwnPropertyDescriptor(w.document, 'cookie');
  let reads = 0;
  Object.defineProperty(w.document, 'cookie', { ...cookie, get: () => (reads++, cookie.get()) });
  const tracker = run(w);
  for (let number = 0; number < 50; number++) tracker.track('a');
  assert.equal(reads, 1);
  jar['tracardi-session-id'] = 'S1';
  timers.tick(1000);
  assert.equal(tracker.sessionId(), 'S1');
});

test('with cookies forbidden a page keeps its session for half an hour', async () => {
  const w = makeWindow();
  Object.defineProperty(w.document, 'cookie', { get: () => '', set: () => {} });
  const tracker = run(w);
  const first = tracker.sessionId();
  timers.tick(29 * 60_000);
  assert.equal(tracker.sessionId(), first);
  timers.tick(31 * 60_000);
  assert.notEqual(tracker.sessionId(), first);
});

test('with storage forbidden everything is kept in memory', async () => {
  const w = makeWindow({
    storage: new Proxy({}, Object.fromEntries(['get', 'set', 'deleteProperty', 'ownKeys'].map((trap) => [trap, forbidden]))),
  });
  const tracker = run(w);
  tracker.track('a');
  await pass(timers, 50);
  assert.equal(tracker.profileId(), 'P1');
});

test('reset gives the next person a new session and no profile; what the last one did stays theirs', async () => {
  const w = makeWindow({ storage: withProfile('P0'), jar: { 'tracardi-session-id': 'S0' } });
  w.replies.push({ body: answered({ profile: { id: 'P0' }, session: { id: 'S0' } }), status: 200 });
  const tracker = run(w);
  tracker.track('bye');
  tracker.reset();
  tracker.track('hello');
  await pass(timers, 50);
  const [first, second] = w.requests.map(([, body]) => [body.profile, body.session.id, body.events[0].type]);
  assert.deepEqual(first, [{ id: 'P0' }, 'S0', 'bye']);
  assert.deepEqual([second[0], second[2]], [null, 'hello']);
  assert.notEqual(second[1], 'S0');
});

test('an answer for somebody who left does not come back to whoever sits there now', async () => {
  const w = makeWindow();
  const tracker = run(w);
  tracker.track('a', {}, { fire: true });
  tracker.reset();
  await pass(timers);
  assert.equal(tracker.profileId(), null);
});

test('identify is an event with the user id, the traits and the signature', async () => {
  const w = makeWindow();
  run(w).identify('u1', { name: 'Ada' }, 'signed');
  await pass(timers, 50);
  const { type, properties } = w.requests[0][1].events[0];
  assert.deepEqual([type, properties], ['identify', { user_id: 'u1', traits: { name: 'Ada' }, signature: 'signed' }]);
});

test('a landing hands the referred profile over once, with the host that it came from', async () => {
  const w = makeWindow({
    url: 'https://blog.example/?__tr_pid=P9&__tr_src=S9&__tr_pass=T&__tr_sid=V',
    referrer: 'https://shop.example/',
  });
  const tracker = run(w);
  tracker.track('a');
  await pass(timers, 50);
  tracker.track('b');
  await pass(timers, 50);
  assert.deepEqual(w.requests[0][1].context.tracardi, {
    pass: { profile: 'P9', source: 'S9', pass: 'T', session: 'V', referrer: 'shop.example' },
  });
  assert.equal(w.requests[0][1].context.page.url, 'https://blog.example/');
  assert.equal(w.requests[1][1].context.tracardi, undefined);
});

for (const [name, navigator, settings] of [
  ['Global Privacy Control', { globalPrivacyControl: true }, {}],
  ['Do Not Track, where the source respects it', { doNotTrack: '1' }, { respectDoNotTrack: true }],
  ['a browser driven by a program', { webdriver: true }, {}],
])
  test(`silence for ${name}`, async () => {
    const w = makeWindow({ navigator });
    const promise = run(w, config(settings, { auto: { events: [['page-view', {}]] } })).track('a');
    await pass(timers, 50);
    assert.equal(await promise, null);
    assert.deepEqual([w.requests, Object.keys(w.localStorage), w.jar], [[], [], {}]);
  });

for (const [name, navigator, settings] of [
  ['Global Privacy Control that the source does not heed', { globalPrivacyControl: true }, { respectGPC: false }],
  ['Do Not Track by itself', { doNotTrack: '1' }, {}],
  ['programs that the source wants to see', { webdriver: true }, { trackBots: true }],
])
  test(`no silence for ${name}`, async () => {
    const w = makeWindow({ navigator });
    run(w, config(settings)).track('a');
    await pass(timers, 50);
    assert.equal(w.requests.length, 1);
  });

test('nothing is kept or sent before the consent that the source requires; another one does not do', async () => {
  const w = makeWindow({ url: 'https://blog.example/?__tr_pid=P9&__tr_src=S9' });
  const tracker = run(w, config({ requireConsent: 'analytics' }), [consent]);
  tracker.track('a');
  tracker.consent({ marketing: true });
  await pass(timers, 50);
  assert.deepEqual([w.requests, w.beacons, w.jar], [[], [], {}]);
  assert.deepEqual(Object.keys(w.localStorage), []);
  tracker.consent({ analytics: true });
  await pass(timers, 50);
  assert.deepEqual(types(w.requests[0]), ['a', 'consent-granted', 'consent-granted']);
  assert.deepEqual(w.requests[0][1].context.consents, { marketing: true, analytics: true });
});

test('consent sends what waited, with the landing, and withdrawal is the last that is heard', async () => {
  const w = makeWindow({ url: 'https://blog.example/?__tr_pid=P9&__tr_src=S9' });
  const tracker = run(w, config({ requireConsent: true }), [consent]);
  tracker.track('a');
  tracker.consent({ analytics: true });
  await pass(timers, 50);
  assert.deepEqual(types(w.requests[0]), ['a', 'consent-granted']);
  assert.equal(w.requests[0][1].context.tracardi.pass.profile, 'P9');
  tracker.consent({ analytics: false });
  tracker.track('b');
  await pass(timers, 50);
  assert.deepEqual([w.requests.length, w.beacons.length], [1, 1]);
  assert.equal(w.beacons[0][1].events[0].type, 'consent-revoked');
  assert.deepEqual([Object.keys(w.localStorage), w.jar], [[], {}]);
});

test('who opts out is forgotten, also by the next page, until they opt in', async () => {
  const w = makeWindow({ storage: withProfile('P0') });
  run(w).optOut();
  const next = makeWindow({ storage: w.localStorage });
  const tracker = run(next);
  assert.equal(await tracker.track('a'), null);
  assert.deepEqual([tracker.profileId(), tracker.sessionId()], [null, null]);
  tracker.optIn();
  tracker.track('b');
  await pass(timers, 50);
  assert.deepEqual(types(next.requests[0]), ['b']);
});

test('a prerendered page waits until somebody looks at it', async () => {
  const w = makeWindow();
  w.document.prerendering = true;
  run(w, config({}, { auto: { events: [['page-view', {}]] } }));
  await pass(timers, 500);
  assert.deepEqual([w.requests, Object.keys(w.localStorage), w.jar], [[], [], {}]);
  w.document.prerendering = false;
  w.document.dispatchEvent(new Event('prerenderingchange'));
  await pass(timers, 50);
  assert.deepEqual(types(w.requests[0]), ['page-view']);
});

test('a page out of the back/forward cache is a page view again', async () => {
  const w = makeWindow();
  run(w, config({}, { auto: { events: [['page-view', {}]] } }));
  await pass(timers, 50);
  w.dispatchEvent(new Event('pagehide'));
  w.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  await pass(timers, 50);
  assert.deepEqual(w.requests.map(types), [['page-view'], ['page-view']]);
});

test('calls made to the stub are answered by the tracker', async () => {
  const w = makeWindow();
  stub(w);
  const promise = w.tracker.track('early');
  run(w);
  await pass(timers, 50);
  assert.deepEqual(await promise, answered());
});

test('options of the page win over those of the source, and hostile ones reach no prototype', async () => {
  const w = makeWindow();
  const hostile = JSON.parse(
    '{"tracker": {"source": {"id": "page"}, "settings": {"__proto__": {"polluted": 1}}, "__proto__": {"polluted": 1}}}',
  );
  run(w, config(), [], hostile).track('a');
  await pass(timers, 50);
  assert.deepEqual(w.requests[0][1].source, { id: 'page' });
  assert.equal({}.polluted, undefined);
});

for (const page of [null, 'text', 42, [], { tracker: null }, { tracker: { auto: 7, settings: 'x' } }, { tracker: { auto: { events: 7, triggers: 'x' } } }])
  test(`the page's own variable \`options\` = ${JSON.stringify(page)} does no harm`, async () => {
    const w = makeWindow();
    run(w, config(), [], page).track('a');
    await pass(timers, 50);
    assert.equal(w.requests[0][0], 'https://collect.example/track');
  });

test('a page of the original snippet finds what it expects', async () => {
  const w = makeWindow();
  const heard = [];
  const inits = [];
  // The loader of the original page: a list of its own, and a tracker that only queues.
  const bound = [];
  w.tracker = { track: () => w.tracker };
  w.onTracardiReady = { bind: (fn) => bound.push(fn), call: (given) => bound.forEach((fn) => fn(given)) };
  w.onTracardiReady.bind((given) => heard.push(given));
  const page = {
    tracker: {
      url: { api: 'https://collect.example' },
      source: { id: 'page' },
      auto: { events: [['page-view', {}]] },
    },
    listeners: { onInit: (given) => inits.push(given) },
  };
  run(w, { tracker: { url: {} } }, [original], page);
  assert.equal(w.tracardi.default.getState().plugins.tracardi.initialized, true);
  assert.equal(w.tracker, w.tracardi.default);
  assert.equal(inits.length, 1);
  await pass(timers, 50);
  assert.deepEqual(types(w.requests[0]), ['page-view']);
  assert.equal(heard.length, 1);
  assert.deepEqual(heard[0].context, answered());
  assert.equal(heard[0].tracker, w.tracker);
  assert.equal(heard[0].config, page);
  w.onTracardiReady.bind((given) => heard.push(given));
  assert.equal(heard.length, 2);
  const reply = heard[0].helpers.track('helper', {});
  await pass(timers);
  assert.deepEqual((await reply).data, answered());
});

const told = (w, key) => w.dispatchEvent(Object.assign(new Event('storage'), { key }));

test('what another tab decides holds here as well: an opt-out, its end, a consent and its withdrawal', async () => {
  const storage = makeStorage();
  const w = makeWindow({ storage });
  const tracker = run(w, config({ requireConsent: true }), [consent]);
  const silent = tracker.track('early');
  storage['tracardi-consent'] = '{"analytics": true}';
  told(w, 'tracardi-consent');
  await pass(timers, 50);
  assert.deepEqual(await silent, answered());
  assert.equal(tracker.profileId(), 'P1');
  delete storage['tracardi-consent'];
  told(w, 'tracardi-consent');
  assert.deepEqual([Object.keys(storage), w.jar, tracker.profileId()], [[], {}, null]);
  storage['tracardi-consent'] = '{"analytics": true}';
  storage['tracardi-opt-out'] = '1';
  told(w, null);
  assert.equal(await tracker.track('unheard'), null);
  delete storage['tracardi-opt-out'];
  told(w, 'tracardi-opt-out');
  tracker.track('heard');
  await pass(timers, 50);
  assert.deepEqual(w.requests.map(types), [['early'], ['heard']]);
});

test('a page out of the back/forward cache asks first whether it may go on', async () => {
  const w = makeWindow();
  const tracker = run(w, config({}, { auto: { events: [['page-view', {}]] } }));
  await pass(timers, 50);
  w.dispatchEvent(new Event('pagehide'));
  w.localStorage['tracardi-opt-out'] = '1';
  w.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  await pass(timers, 50);
  assert.deepEqual([w.requests.length, tracker.profileId(), w.jar], [1, null, {}]);
});

test('campaign parameters are read as people write them: in any case, and as HTML has them', async () => {
  const w = makeWindow({ url: 'https://blog.example/?UTM_Source=Mail&amp;utm_Medium=e+mail&utm_term=a%26b&x=utm_no=1#utm_not=1' });
  run(w).track('a');
  await pass(timers, 50);
  assert.deepEqual(w.requests[0][1].context.utm, { source: 'Mail', medium: 'e mail', term: 'a&b' });
  assert.equal(w.requests[0][1].events[0].context.page.url, w.location.href);
});

test('the stub keeps the campaign that the page takes out of its address before the tracker has loaded', async () => {
  const w = makeWindow({ url: 'https://blog.example/post?utm_source=mail&gclid=G' });
  stub(w);
  w.location = new URL('https://blog.example/post');
  const tracker = run(w);
  tracker.track('a');
  tracker.track('b');
  await pass(timers, 50);
  const [, body] = w.requests[0];
  assert.deepEqual(body.context.utm, { source: 'mail' });
  assert.deepEqual(
    body.events.map((event) => event.context.page.url),
    ['https://blog.example/post?utm_source=mail&gclid=G', 'https://blog.example/post'],
  );
});

test('where the script never comes the stub answers null, ten seconds after the load or when the page goes', async () => {
  for (const ends of [() => timers.tick(10_000), (w) => w.dispatchEvent(new Event('pagehide'))]) {
    const w = makeWindow();
    stub(w);
    let answer;
    w.tracker.track('a').then((given) => (answer = [given]));
    w.dispatchEvent(new Event('load'));
    timers.tick(9_999);
    await pass(timers);
    assert.equal(answer, undefined);
    ends(w);
    await pass(timers);
    assert.deepEqual(answer, [null]);
  }
});

for (const [why, navigator, settings, more] of [
  ['webdriver', { webdriver: true }, {}, {}],
  ['globalPrivacyControl', { globalPrivacyControl: true }, {}, {}],
  ['doNotTrack', { doNotTrack: '1' }, { respectDoNotTrack: true }, {}],
  ['tracardi-opt-out', {}, {}, { storage: Object.assign(makeStorage(), { 'tracardi-opt-out': '1' }) }],
  ['no consent', {}, { requireConsent: true }, {}],
  ['prerendering', {}, {}, { prerendering: true }],
])
  test(`debug says that the reason for silence is ${why}`, () => {
    const w = makeWindow({ navigator, url: 'https://blog.example/?__tr_pid=P', ...more });
    w.document.prerendering = more.prerendering;
    const tracker = run(w, config(settings), [consent]);
    tracker.debug(true);
    tracker.track('a');
    assert.deepEqual(w.said.at(-2), ['[tracker]', true, why, { pid: 'P' }]);
    assert.deepEqual(w.said.at(-1), ['[tracker]', 'a', why]);
  });
