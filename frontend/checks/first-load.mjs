/**
 * What a browser has to fetch before it can show a page for the first time: the page itself, its scripts and styles
 * with all they import, and the two fonts of every Latin page. Fails where that is more than the limit.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 250;
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

const PAGES = {
  'sign-in': ['src/features/auth/AuthLayout.tsx', 'src/features/auth/SignInPage.tsx'],
  'job list': ['src/app/Shell.tsx', 'src/features/jobs/JobListPage.tsx'],
};
const FONTS = /(inter-latin-wght|jetbrains-mono-latin-400)-normal-.*\.woff2$/;

const manifest = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'));

function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`The build has no ${key}; has it been moved?`);
  if (seen.has(key)) return [];
  seen.add(key);
  const imported = (chunk.imports ?? []).flatMap((each) => filesOf(each, seen));
  return [chunk.file, ...(chunk.css ?? []), ...imported];
}

function kilobytes(file) {
  const bytes = readFileSync(join(DIST, file));
  const sent = file.endsWith('.woff2') ? bytes.length : gzipSync(bytes).length;
  return sent / 1000;
}

const fonts = readdirSync(join(DIST, 'assets'))
  .filter((name) => FONTS.test(name))
  .map((name) => `assets/${name}`);
if (fonts.length !== 2) throw new Error('The fonts of the first load are not where they were.');

let isTooMuch = false;
for (const [page, entries] of Object.entries(PAGES)) {
  const code = new Set([
    'index.html',
    ...['index.html', ...entries].flatMap((key) => filesOf(key)),
  ]);
  const sum = (files) => [...files].reduce((total, file) => total + kilobytes(file), 0);
  const [codeKb, fontsKb] = [sum(code), sum(fonts)];
  const total = codeKb + fontsKb;
  isTooMuch ||= total > LIMIT_KB;
  const parts = `${codeKb.toFixed(1)} code in ${code.size} files + ${fontsKb.toFixed(1)} fonts`;
  console.log(`${page}: ${total.toFixed(1)} kB of at most ${LIMIT_KB} (${parts})`);
}
if (isTooMuch) process.exitCode = 1;
