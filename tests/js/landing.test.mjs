import assert from 'node:assert/strict';
import { test } from 'node:test';

import { land, strip } from '../../snippet_templates/tracker/landing.mjs';
import { stub } from '../../snippet_templates/tracker/stub.mjs';
import { makeWindow } from './fake.mjs';

const AT = 'https://blog.example/post';

for (const [href, bare, said] of [
  [`${AT}`, `${AT}`, {}],
  [`${AT}?a=1&b=%20+x#part`, `${AT}?a=1&b=%20+x#part`, {}],
  [`${AT}?__tr_pid=P&__tr_src=S`, AT, { pid: 'P', src: 'S' }],
  [`${AT}?a=1&__tr_pid=P&b=2#part`, `${AT}?a=1&b=2#part`, { pid: 'P' }],
  [`${AT}?__tr_pid=P&__tr_src=S&a=1`, `${AT}?a=1`, { pid: 'P', src: 'S' }],
  [`${AT}?__tr_pid=P#part`, `${AT}#part`, { pid: 'P' }],
  [`${AT}?__tr_pid=P&a=1&__tr_src=S`, `${AT}?a=1`, { pid: 'P', src: 'S' }],
  [`${AT}#__tr_pid=P&__tr_src=S`, AT, { pid: 'P', src: 'S' }],
  [`${AT}#part&__tr_pid=P`, `${AT}#part`, { pid: 'P' }],
  [`${AT}?__tr_pid=a%20b%26c%3Dd%23%C3%A9`, AT, { pid: 'a b&c=d#é' }],
  [`${AT}?__tr_pid=%E0%A4%A`, AT, { pid: '\ufffd%A' }],
  [`${AT}?x__tr_pid=P`, `${AT}?x__tr_pid=P`, {}],
  [`${AT}?q=who+is+it?&__tr_pid=P`, `${AT}?q=who+is+it?`, { pid: 'P' }],
  [`${AT}?&__tr_pid=P`, `${AT}?`, { pid: 'P' }],
  [`${AT}?q=1&&__tr_pid=P`, `${AT}?q=1&`, { pid: 'P' }],
  [`${AT}?q=1&&__tr_pid=P#part?&`, `${AT}?q=1&#part?&`, { pid: 'P' }],
  [`${AT}?__tr_pid=P&&b=2`, `${AT}?&b=2`, { pid: 'P' }],
  [`${AT}#why?&__tr_pid=P`, `${AT}#why?`, { pid: 'P' }],
  [`${AT}#&__tr_pid=P`, `${AT}#`, { pid: 'P' }],
])
  test(`${href} becomes ${bare}`, () => {
    assert.deepEqual(strip(href), [bare, said]);
  });

test('the address bar is cleaned with the state that the page had', () => {
  const w = makeWindow({ url: `${AT}?__tr_pid=P&q=1` });
  assert.deepEqual(land(w), { pid: 'P' });
  assert.deepEqual(w.replaced, [{ page: 1 }, `${AT}?q=1`]);
});

test('an address without parameters is left alone', () => {
  const w = makeWindow({ url: `${AT}?q=1` });
  land(w);
  assert.equal(w.replaced, undefined);
});

test('a document that may not touch its history is landed on all the same', () => {
  const w = makeWindow({ url: `${AT}?__tr_pid=P` });
  w.history.replaceState = () => {
    throw new Error('sandboxed');
  };
  assert.deepEqual(land(w), { pid: 'P' });
});

test('the stub cleans the address and keeps calls; a second stub changes nothing', () => {
  const w = makeWindow({ url: `${AT}?__tr_pid=P` });
  stub(w);
  const first = w.tracker;
  stub(w);
  w.tracker.track('a', { b: 1 });
  assert.equal(w.tracker, first);
  assert.equal(w.location.href, AT);
  assert.deepEqual(w.tracker.l, { pid: 'P', at: AT });
  assert.deepEqual(w.tracker.q[0].slice(0, 2), ['track', ['a', { b: 1 }]]);
  assert.equal(w.onTracardiReady, undefined);
});

test('a text directive, which only the Navigation API tells, stays in the address', () => {
  const w = makeWindow({ url: `${AT}?__tr_pid=P` });
  for (const [href, to] of [
    [`${AT}?__tr_pid=P#:~:text=word`, `${AT}#:~:text=word`],
    [`${AT}?__tr_pid=P#part:~:text=word`, `${AT}#part:~:text=word`],
    [`${AT}#__tr_pid=P:~:text=word`, `${AT}#:~:text=word`],
  ]) {
    w.tracker = undefined;
    w.location = new URL(href.replace(/:~:.*/, ''));
    w.navigation = { currentEntry: { url: href } };
    stub(w);
    assert.equal(w.replaced[1], to);
  }
});

test('the stub of the original form takes functions that want to hear when all is ready', () => {
  const w = makeWindow();
  const heard = [];
  stub(w, true);
  w.onTracardiReady.bind((given) => heard.push(given));
  w.onTracardiReady.call('now');
  assert.deepEqual(heard, ['now']);
});
