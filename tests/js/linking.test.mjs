import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { strip } from '../../snippet_templates/tracker/landing.mjs';
import { append, clean, owned, refusal } from '../../snippet_templates/tracker/linking.mjs';

const cases = JSON.parse(readFileSync(new URL('../cases/links.json', import.meta.url)));

for (const { host, entries, owned: expected, why } of cases.hosts)
  test(`host ${JSON.stringify(host)} under ${JSON.stringify(entries)}: ${why}`, () => {
    assert.equal(owned(clean(host), entries.map(clean)), expected);
  });

for (const { name, href, page, links, decorated, why } of [...cases.links, ...cases.browser])
  test(`a link: ${name} (${why})`, () => {
    let reason = 'not a URL';
    try {
      reason = refusal(new URL(href, page), new URL(page), links.map(clean));
    } catch (broken) {
      assert.equal(broken.code, 'ERR_INVALID_URL');
    }
    assert.equal(reason === '', decorated, reason);
  });

for (const { name, href, position, with: parameters, result } of cases.results)
  test(`the address: ${name}`, () => {
    assert.equal(append(strip(new URL(href).href)[0], parameters, position === 'hash'), result);
  });
