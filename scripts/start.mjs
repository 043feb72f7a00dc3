/**
 * The whole demo on this computer: `npm start` (`-- --no-browser` without the browser). Builds, starts chain, relay,
 * shop and its page, opens a browser with the extension, and says what to do next. Ctrl-C stops everything.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { browserFlags, findChromium } from './chromium.mjs';
import { checkNode, installDependencies, main, root, SetupError, tool } from './setup.mjs';

const data = (name) => join('.data', name);
const dist = join(root, 'dist');
const page = 'http://localhost:3017';

/** In this order; each is ready when it prints `ready`. */
const programs = [
  { name: 'chain', port: 3013, args: ['devnet/main.ts', '--data', data('devnet')], ready: /at http/ },
  { name: 'relay', port: 3015, args: ['peer/relay.ts', '--devnet'], ready: /\/p2p\// },
  { name: 'shop', port: 3014, args: ['peer/main.ts', '--data', data('peer')], ready: /invite tandem:/ },
  {
    name: 'demo page',
    port: 3017,
    args: ['examples/serve.ts', '3017', 'http://127.0.0.1:3016'],
    ready: /http/,
  },
];
const ports = [...programs, { name: 'shop data', port: 3016 }];

const running = [];
let stopping = false;

main(async () => {
  checkNode();
  await installDependencies();
  for (const { name, port } of ports) await checkPort(name, port);
  console.log('Building the extension …');
  if ((await tool('vite', ['build', '--logLevel=warn'])) !== 0)
    throw new SetupError('The extension could not be built: see above.');

  const ended = new Promise((end) => {
    process.once('SIGINT', () => end(0));
    process.once('SIGTERM', () => end(0));
    for (const program of programs) program.failed = () => end(1);
  });
  const started = (async () => {
    for (const program of programs) await start(program);
    const browser = process.argv.includes('--no-browser') ? 'not asked for' : openBrowser();
    explain(browser);
    return ended;
  })();
  const code = await Promise.race([started, ended]);
  await stopAll();
  return code;
});

function checkPort(name, port) {
  return new Promise((free, taken) => {
    const server = createServer();
    server.once('error', () =>
      taken(
        new SetupError(
          `Port ${port}, which the ${name} needs, is taken: stop the program that uses it (another "npm start"?), then run this again.`,
        ),
      ),
    );
    server.listen(port, '127.0.0.1', () => server.close(free));
  });
}

/** Resolves when the program is ready. Its output is shown. */
function start({ name, args, ready, failed }) {
  return new Promise((isReady) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: root });
    running.push(child);
    const show = (chunk) => {
      process.stdout.write(chunk);
      if (ready.test(String(chunk))) isReady();
    };
    child.stdout.on('data', show);
    child.stderr.on('data', show);
    child.once('exit', (code) => {
      if (stopping) return;
      console.error(`The ${name} ended (${code}): see above. Everything else stops too.`);
      failed();
    });
  });
}

/** @returns why no browser was opened, or null */
function openBrowser() {
  const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!display) return 'there is no display';
  let chromium;
  try {
    chromium = findChromium();
  } catch (error) {
    return error.message;
  }
  const profile = `--user-data-dir=${join(root, data('browser'))}`;
  const child = spawn(chromium, [...browserFlags(dist), profile, page], { stdio: 'ignore' });
  running.push(child);
  child.once('exit', () => {
    if (!stopping) console.log('The browser was closed. Ctrl-C stops the rest.');
  });
  return null;
}

function explain(noBrowser) {
  const load = noBrowser
    ? `No browser was opened: ${noBrowser}.
  Open Chromium yourself: chrome://extensions, switch on "Developer mode", "Load unpacked", choose
  ${dist}
  and then the demo page ${page}`
    : `A browser with Tandem is open at the demo page ${page}`;
  console.log(`
${load}

  1. Click Tandem's icon (in the puzzle-piece menu; pin it), create a wallet, and get test coins there.
  2. On the demo page, connect the wallet, copy the shop's invite link, and open a channel with it in Tandem.
  3. Buy a coffee: approve the payment. It is co-signed in milliseconds, and costs no fee.

  chain  http://127.0.0.1:3013/v3/status      shop  http://127.0.0.1:3016/shop.json
  Everything is kept in .data/. Ctrl-C stops everything.
`);
}

async function stopAll() {
  stopping = true;
  const live = running.filter((child) => child.exitCode === null && child.signalCode === null);
  const gone = Promise.all(live.map((child) => new Promise((done) => child.once('exit', done))));
  for (const child of live) child.kill('SIGTERM');
  const tooLong = setTimeout(() => {
    for (const child of live) child.kill('SIGKILL');
  }, 5_000);
  await gone;
  clearTimeout(tooLong);
}
