/**
 * Builds one chunk a feature into static/tracker. A rendered script is the chunks that its source needs, one behind
 * the other in one function: each registers itself on `F`, the core as F.start. Names that begin with an underscore
 * are shortened by one table for all, so that the chunks understand each other.
 */
import { build } from 'esbuild';
import { minify } from 'terser';
import { copyFile, mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] || path.join(here, '..', 'static', 'tracker'));

const FEATURES = ['nodes', 'consent', 'links', 'triggers', 'elements', 'visible', 'moments', 'spa', 'vitals', 'google', 'original'];

const entries = {
  core: `import { start } from './tracker/core.mjs'; F.start = start;`,
  stub: `import { stub } from './tracker/stub.mjs'; stub(window);`,
  'stub-original': `import { stub as both } from './tracker/stub.mjs'; both(window, 1);`,
};
FEATURES.forEach((name) => {
  entries[name] = `import { ${name} } from './tracker/${name}.mjs'; F.push(${name});`;
});

const bundle = (contents, mangleCache) =>
  build({
    stdin: { contents, resolveDir: here, loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'ascii',
    target: ['es2018'],
    mangleProps: /^_[a-z]/,
    mangleCache,
  });

// Terser would name by what is frequent in one chunk; the same first names in all of them pack better together.
const LETTERS = 'ertiodasclunphmfgbvywxkjqzERNIOTASCLUDPHMFGBVYWXKJQZ';
const nth_identifier = {
  get: (n) => (n < LETTERS.length ? '' : nth_identifier.get(Math.floor(n / LETTERS.length) - 1)) + LETTERS[n % LETTERS.length],
};

// Underscore names are all on the hub, so they may be any letters: the most used name takes the letter that the rest of
// the script uses most, and the core comes first, for every page pays for it.
const mangleCache = {};
for (const contents of [entries.core, Object.values(entries).join('\n')]) {
  const { outputFiles, mangleCache: names } = await bundle(contents, {});
  const uses = (name) => outputFiles[0].text.split(new RegExp(`\\.${names[name].replace('$', '\\$')}\\b`)).length;
  Object.keys(names)
    .filter((name) => !mangleCache[name])
    .sort((one, other) => uses(other) - uses(one))
    .forEach((name) => (mangleCache[name] = nth_identifier.get(Object.keys(mangleCache).length)));
}
await mkdir(out, { recursive: true });
for (const old of await readdir(out)) await unlink(path.join(out, old));
for (const [name, contents] of Object.entries(entries)) {
  const { outputFiles } = await bundle(contents, mangleCache);
  // Terser makes another four per cent of what esbuild has already made small.
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2018,
    compress: { passes: 5, unsafe_arrows: true, inline: 3, unsafe: true, keep_fargs: false },
    mangle: { nth_identifier, reserved: ['h', 'd', 'w', 'n'] },
    format: { ascii_only: true },
  });
  await writeFile(path.join(out, `${name}.js`), code);
}
await copyFile(path.join(here, 'tracker.d.ts'), path.join(out, 'tracker.d.ts'));
