/** The code of docs/sdk.md does what is said beside it: all of it is run, as it stands there. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Devnet } from '../../devnet/index.ts';
import meter from '../../examples/contracts/Meter.json' with { type: 'json' };
import { callData } from '../../examples/shared/fate.ts';
import { announce } from '../../src/content/announce.ts';
import { codes } from '../../src/sdk/errors.ts';
import * as sdk from '../../src/sdk/index.ts';
import * as node from '../../src/sdk/node.ts';
import { chainHere, type PageHere, peerHere, type WalletHere, walletHere } from './world.ts';

const text = readFileSync('docs/sdk.md', 'utf8');
/** All blocks of one kind, one behind the other. */
const blocks = (kind: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`js ${kind}\\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code!);
const modules: Record<string, object> = {
  'tandem-sdk': sdk,
  'tandem-sdk/node': node,
  'node:fs': { readFileSync },
};

/** Runs the blocks as one program. @returns what it wrote to the console */
async function run(code: string[], names: Record<string, unknown>): Promise<string[]> {
  const body = code
    .join('\n')
    .replaceAll(/^import (\{[^}]*\}) from '([^']+)';$/gm, (_, what: string, from: string) => {
      for (const name of what.matchAll(/\w+/g)) expect(Object.keys(modules[from] ?? {})).toContain(name[0]);
      return `const ${what} = modules['${from}'];`;
    });
  expect(body).not.toMatch(/^import/m);
  const lines: string[] = [];
  const write = (...said: unknown[]) => void lines.push(said.map(String).join(' '));
  const console = {
    log: write,
    warn: write,
    assert: (so: boolean) => expect(so).toBe(true),
  };
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<void>;
  const given = { modules, console, ...names };
  await new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
  return lines;
}

let chain: Devnet;
let shop: Awaited<ReturnType<typeof peerHere>>;
let wallet: WalletHere;
let page: PageHere;

beforeAll(async () => {
  chain = await chainHere();
  shop = await peerHere(chain.url);
  wallet = await walletHere(chain.url);
  page = wallet.page();
  // A window in which the wallet announces itself, as in a browser.
  const window = new EventTarget();
  Object.assign(globalThis, { window, localStorage: sdk.memoryStorage() });
  announce(window as Window, 'uuid', page.provider);
}, 60_000);
afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'window');
  Reflect.deleteProperty(globalThis, 'localStorage');
  page?.close();
  await wallet?.stop();
  await shop?.peer.stop();
  await chain?.close();
});

describe('docs/sdk.md', () => {
  test('the page’s code runs as it stands', async () => {
    const { address, invite } = shop.peer;
    const lines = await run(blocks('page'), { shop: { address, invite }, meter, callData });
    expect(blocks('page').length).toBeGreaterThanOrEqual(5);
    expect(lines).toContain('open');
    expect(lines.some((line) => line.startsWith('paid in round 2'))).toBe(true);
    expect(lines.some((line) => line.startsWith('ok cb_'))).toBe(true);
    expect(lines.some((line) => line.startsWith('tx_'))).toBe(true);
  }, 60_000);

  test('the service’s code runs as it stands, on the same channel', async () => {
    const lines = await run(blocks('service'), {
      peerUrl: shop.peer.api!.url,
      tokenFile: shop.peer.api!.tokenFile,
      stateFile: join(mkdtempSync(join(tmpdir(), 'tandem-docs-')), 'state.json'),
      customer: wallet.address,
    });
    expect(blocks('service').length).toBeGreaterThanOrEqual(2);
    expect(lines.some((line) => line.endsWith(`${wallet.address} open`))).toBe(true);
    expect(lines.some((line) => /events so far: [1-9]/.test(line))).toBe(true);
  }, 60_000);

  test('every block of code is of one of the kinds that are run, or is no JavaScript', () => {
    const kinds = [...text.matchAll(/^```(\S*)( \w+)?\n/gm)].map(([, language, kind]) => [
      language,
      kind?.trim(),
    ]);
    for (const [language, kind] of kinds)
      if (language === 'js' || language === 'ts') expect(['page', 'service']).toContain(kind);
  });

  test('every option, method and event that it names is there, and every public one is named', () => {
    const prototype = Object.getOwnPropertyNames(sdk.Channel.prototype).filter(
      (name) => name !== 'constructor',
    );
    const unnamed = prototype.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
    expect(unnamed).toEqual([]);
    expect(text).toContain(String(codes.disconnected));
  });
});
