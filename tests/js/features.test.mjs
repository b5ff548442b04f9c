import assert from 'node:assert/strict';
import { beforeEach, test, mock } from 'node:test';

import { google } from '../../snippet_templates/tracker/google.mjs';
import { links } from '../../snippet_templates/tracker/links.mjs';
import { nodes } from '../../snippet_templates/tracker/nodes.mjs';
import { spa } from '../../snippet_templates/tracker/spa.mjs';
import { triggers } from '../../snippet_templates/tracker/triggers.mjs';
import { vitals } from '../../snippet_templates/tracker/vitals.mjs';
import { answered, config, makeStorage, makeWindow, pass, run, types } from './fake.mjs';

const { timers } = mock;
beforeEach(() => {
  timers.reset();
  timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 });
});

const withHistory = (w) => {
  w.history.pushState = (state, title, to) => {
    w.location.href = new URL(to, w.location.href).href;
  };
  return w;
};

const linking = (settings = {}) => {
  const w = makeWindow({ storage: Object.assign(makeStorage(), { 'tracardi-profile-id': 'P0' }) });
  w.HTMLFormElement = class {
    submit() {}
  };
  w.opened = [];
  w.open = (url) => w.opened.push(url);
  const tracker = run(w, config({ trackExternalLinks: ['blog.example'], ...settings }), [nodes, links]);
  return [w, tracker];
};

test('an owned address is decorated with the profile, the source and the pass that the server gave', async () => {
  const [w, tracker] = linking();
  w.replies.push({ status: 200, body: answered({ pass: 'T/1' }) });
  tracker.track('a');
  await pass(timers, 50);
  assert.equal(
    tracker.decorate('https://blog.example/?q=1#part'),
    'https://blog.example/?q=1&__tr_pid=P1&__tr_src=source-1&__tr_pass=T%2F1#part',
  );
  assert.equal(tracker.decorate('https://notblog.example/'), 'https://notblog.example/');
});

test('the session goes along where the source wants it', () => {
  const [, tracker] = linking({ passSession: true });
  assert.match(tracker.decorate('https://blog.example/'), /__tr_pid=P0&__tr_src=source-1&__tr_sid=[0-9a-f-]{36}$/);
});

test('the parameters go into the fragment where the source wants it', () => {
  const [, tracker] = linking({ linkPosition: 'hash' });
  assert.equal(tracker.decorate('https://blog.example/'), 'https://blog.example/#__tr_pid=P0&__tr_src=source-1');
});

test('a visitor without a profile, or one who opted out, is carried nowhere', () => {
  const [, tracker] = linking();
  tracker.optOut();
  assert.equal(tracker.decorate('https://blog.example/'), 'https://blog.example/');
});

test('a window that is opened is decorated', () => {
  const [w] = linking();
  w.open('https://blog.example/');
  w.open('https://notblog.example/');
  w.open();
  assert.deepEqual(w.opened, [
    'https://blog.example/?__tr_pid=P0&__tr_src=source-1',
    'https://notblog.example/',
    undefined,
  ]);
});

test('a page without linked domains keeps its own window.open', () => {
  const w = makeWindow();
  const open = () => {};
  w.open = open;
  run(w, config(), [nodes, links]);
  assert.equal(w.open, open);
});

test('debug says why a link is not decorated', () => {
  const [w, tracker] = linking();
  tracker.debug(true);
  tracker.decorate('https://notblog.example/');
  assert.deepEqual(w.said.at(-1), ['[tracker]', 'link', 'https://notblog.example/', 'not owned']);
});

const timer = setTimeout;
const itsTurn = () => new Promise((done) => timer(done)).then(() => pass(timers, 1));

const intent = (w, href) => {
  const link = { href, localName: 'a' };
  const event = new Event('pointerover');
  event.composedPath = () => [link];
  w.dispatchEvent(event);
};

test('a fresh pass is taken on intent after one was used, once, and only for an owned link', async () => {
  const [w, tracker] = linking();
  w.replies.push({ status: 200, body: answered({ pass: 'T1' }) }, { status: 200, body: { pass: 'T2' } });
  tracker.track('a');
  await pass(timers, 50);
  intent(w, 'https://blog.example/');
  assert.equal(w.requests.length, 1);
  tracker.decorate('https://blog.example/');
  intent(w, 'https://notblog.example/');
  intent(w, 'https://blog.example/');
  intent(w, 'https://blog.example/');
  await itsTurn();
  assert.deepEqual(w.requests.slice(1).map(([to, body]) => [to, body]), [
    ['https://collect.example/pass', { source: { id: 'source-1' }, profile: { id: 'P1' } }],
  ]);
  assert.match(tracker.decorate('https://blog.example/'), /__tr_pass=T2$/);
});

test('a pass older than half its life is renewed on intent', async () => {
  const [w, tracker] = linking();
  w.replies.push({ status: 200, body: answered({ pass: 'T1' }) });
  tracker.track('a');
  await pass(timers, 50);
  await pass(timers, 5 * 60_000 + 1);
  intent(w, 'https://blog.example/');
  await itsTurn();
  assert.equal(w.requests.at(-1)[0], 'https://collect.example/pass');
});

test('a source that gives no passes is not asked for any', async () => {
  const [w, tracker] = linking();
  tracker.track('a');
  await pass(timers, 50);
  tracker.decorate('https://blog.example/');
  intent(w, 'https://blog.example/');
  await itsTurn();
  assert.equal(w.requests.length, 1);
});

test('a page that a site shows without loading one is a page view, once an address', async () => {
  const w = withHistory(makeWindow());
  run(w, config({ spa: true }, { auto: { events: [['page-view', { shop: 1 }]] } }), [spa]);
  await pass(timers, 50);
  w.history.pushState({}, '', '/next');
  w.history.pushState({}, '', '/next#part');
  await pass(timers, 50);
  await pass(timers, 50);
  assert.deepEqual(w.requests.map(types), [['page-view'], ['page-view']]);
  assert.deepEqual(w.requests[1][1].events[0].properties, { shop: 1 });
});

test('what is built in but not asked for does nothing', async () => {
  const w = withHistory(makeWindow({ jar: { _ga: 'GA1.1.12.34' } }));
  const push = w.history.pushState;
  w.PerformanceObserver = class {
    constructor() {
      throw new Error('observed');
    }
  };
  run(w, config(), [spa, vitals, google]).track('a');
  await pass(timers, 50);
  assert.equal(w.history.pushState, push);
  assert.equal(w.requests[0][1].context.google, undefined);
});

test('the client id of Google Analytics is told where it was asked for', async () => {
  const w = makeWindow({ jar: { _ga: 'GA1.1.12.34' } });
  run(w, config({ trackGoogleClientId: true }), [google]).track('a');
  await pass(timers, 50);
  assert.deepEqual(w.requests[0][1].context.google, { client: '12.34' });
});

const element = (attributes, parent) => ({
  $getAttributeNames: () => Object.keys(attributes),
  $getAttribute: (name) => attributes[name] ?? null,
  $closest: (selector) => selector.slice(1, -1) in attributes || parent?.$closest(selector),
  $getRootNode: () => ({}),
  // What a form with fields of these names answers with.
  attributes: 'a field', getAttribute: 'a field', closest: 'a field', getRootNode: 'a field',
});

const fireWith = (given) => {
  const w = makeWindow();
  let hub;
  run(w, config({}, { auto: { triggers: [given] } }), [nodes, triggers, (h) => (hub = h)]);
  return [w, (target, extra) => hub._fire(hub._triggers(given.trigger)[0], target, extra), hub];
};

test("a trigger's event has the element's label, address and own properties", async () => {
  const [w, fire] = fireWith({ tag: 'p', trigger: 'onClick', data: { event: 'seen', properties: { shop: 1 } } });
  fire(element({ alt: 'Glasses', src: '/a.png', value: 'typed', 'data-tracardi-prop-sku': '42' }), { text: 'x' });
  await pass(timers, 50);
  const { type, properties } = w.requests[0][1].events[0];
  assert.deepEqual([type, properties], ['seen', { shop: 1, label: 'Glasses', url: '/a.png', sku: '42', text: 'x' }]);
});

test('a silenced part of the page makes no events, nor does what lies in it', async () => {
  const [w, fire] = fireWith({ tag: 'p', trigger: 'onClick', data: { event: 'seen' } });
  fire(element({}, element({ 'data-tracardi-ignore': '' })));
  await pass(timers, 50);
  assert.equal(w.requests.length, 0);
});

test('a trigger that fires once fires once an element', async () => {
  const [w, fire] = fireWith({ tag: 'p', trigger: 'onClick', once: true, data: { event: 'seen' } });
  const one = element({});
  [one, one, element({})].forEach((target) => fire(target));
  await pass(timers, 50);
  assert.equal(w.requests[0][1].events.length, 2);
});

test('a tag with quotes in it stays a tag', () => {
  const [, , hub] = fireWith({ tag: 'a"]', trigger: 'onClick', data: { event: 'seen' } });
  assert.equal(hub._selector({ tag: 'a"]' }), '[data-tracardi-tag="a\\"]"]');
});

for (const [href, why] of [
  ['https://blog.example/a/report.PDF?x=1', 'file'],
  ['https://blog.example/get?X-Amz-Algorithm=1&X-Amz-Signature=abc', 'signed'],
  ['https://blog.example/get?Policy=abc&Key-Pair-Id=1', 'signed'],
  ['https://blog.example/get?sv=1&sig=abc', 'signed'],
  ['https://blog.example/', 'tracardi-opt-out'],
])
  test(`debug says that ${href} is not decorated: ${why}`, () => {
    const [w, tracker] = linking();
    tracker.debug(true);
    if (why == 'tracardi-opt-out') tracker.optOut();
    assert.equal(tracker.decorate(href), href);
    assert.deepEqual(w.said.at(-1), ['[tracker]', 'link', href, why]);
  });

for (const href of ['https://blog.example/?design=1&signal=2&privacy_policy=3', 'https://blog.example/pdf'])
  test(`${href} is neither a file nor signed`, () => {
    const [, tracker] = linking();
    assert.match(tracker.decorate(href), /__tr_pid/);
  });

for (const entry of ['http://blog.example/', 'https://BLOG.example:8443/path', ' .blog.example. ', 'bl\u00f6g.example'])
  test(`a linked domain that the page writes as ${JSON.stringify(entry)} is the host in it`, () => {
    const [, tracker] = linking({ trackExternalLinks: [entry] });
    const host = entry.startsWith('bl\u00f6g') ? 'xn--blg-tna.example' : 'blog.example';
    assert.match(tracker.decorate(`https://${host}/`), /__tr_pid/);
    assert.equal(tracker.decorate(`https://not${host}/`), `https://not${host}/`);
  });

test('what is not an address stays what it is in a function that the page calls `open`', () => {
  const [w] = linking();
  const element = { toString: () => 'https://blog.example/', href: 'https://blog.example/' };
  w.open(element);
  w.open(new URL('https://blog.example/'));
  assert.equal(w.opened[0], element);
  assert.match(w.opened[1], /__tr_pid=P0/);
});

test('where the browser tells of every navigation, the history is left alone and a replaced address is no view', async () => {
  const w = withHistory(makeWindow());
  const push = w.history.pushState;
  w.navigation = new EventTarget();
  run(w, config({ spa: true }, { auto: { events: [['page-view', { shop: 1 }]] } }), [spa]);
  const go = (navigationType, to) => {
    push({}, '', to);
    w.navigation.dispatchEvent(Object.assign(new Event('currententrychange'), { navigationType }));
  };
  await pass(timers, 50);
  go('push', '/next');
  await pass(timers, 50);
  go('replace', '/next?filter=1');
  await pass(timers, 50);
  go('traverse', '/');
  await pass(timers, 50);
  await pass(timers, 50);
  assert.equal(w.history.pushState, push);
  assert.deepEqual(w.requests.flatMap(types), ['page-view', 'page-view', 'page-view']);
});
