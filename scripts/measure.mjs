/**
 * What of dist/ each context loads at its start, in bytes and gzip: `node scripts/measure.mjs [--json] [directory]`.
 * Ends with 1 where the worker's code is over its limit or holds an `import()`, which extension workers cannot do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const workerLimit = 350_000;

const staticImport = /(?:\bfrom|\bimport)\s*(["'`])(\.{1,2}\/[^"'`]+|\/[^"'`]+)\1/g;
const dynamicImport = /(?<![\w$.])import\s*\((?!\s*\))/;

/** The files that `entry` loads by static imports, itself included. */
function closure(dist, entry) {
  const found = new Set();
  const visit = (file) => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, , to] of readFileSync(file, 'utf8').matchAll(staticImport)) {
      const target = to.startsWith('/') ? join(dist, to) : resolve(dirname(file), to);
      // Text that only looks like an import names no file.
      if (existsSync(target)) visit(target);
    }
  };
  visit(join(dist, entry));
  return [...found];
}

function sizes(files) {
  const contents = files.map((file) => readFileSync(file));
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  return {
    files: files.length,
    bytes: sum(contents.map((content) => content.length)),
    gzip: sum(contents.map((content) => gzipSync(content, { level: 9 }).length)),
  };
}

/** @param {string} dist directory of a build */
export function measure(dist) {
  const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
  const { service_worker: worker, scripts } = manifest.background;
  const workerFiles = closure(dist, worker ?? scripts[0]);
  const popup = manifest.action.default_popup;
  const html = readFileSync(join(dist, popup), 'utf8');
  const linked = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path);
  const popupFiles = new Set([join(dist, popup), ...linked.flatMap((path) => closure(dist, path))]);
  const content = manifest.content_scripts.flatMap(({ js }) => js).map((path) => join(dist, path));
  return {
    worker: {
      ...sizes(workerFiles),
      limit: workerLimit,
      dynamicImports: workerFiles.filter((file) => dynamicImport.test(readFileSync(file, 'utf8'))),
    },
    popup: sizes([...popupFiles]),
    content: sizes(content),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2);
  const dist = resolve(args.find((arg) => !arg.startsWith('--')) ?? 'dist');
  if (!existsSync(join(dist, 'manifest.json'))) {
    console.error(`${dist} holds no build: run "npm run build" first.`);
    process.exit(1);
  }
  const result = measure(dist);
  if (args.includes('--json')) console.log(JSON.stringify(result));
  else
    for (const [name, { files, bytes, gzip }] of Object.entries(result))
      console.log(
        `${name.padEnd(8)} ${(gzip / 1000).toFixed(1).padStart(7)} kB gzip  ${(bytes / 1000).toFixed(1).padStart(7)} kB in ${files} files`,
      );
  const { worker } = result;
  if (worker.gzip > worker.limit) {
    console.error(`The worker's code is over its limit of ${worker.limit / 1000} kB gzip.`);
    process.exitCode = 1;
  }
  for (const file of worker.dynamicImports) {
    console.error(`${file} holds import(), which the worker cannot do: import it statically.`);
    process.exitCode = 1;
  }
}
