/** The built package: a program outside of this repository imports it, with types and without any other package. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildSdk } from '../../scripts/sdk.ts';

const home = mkdtempSync(join(tmpdir(), 'tandem-consumer-'));
const installed = join(home, 'node_modules/tandem-sdk');

beforeAll(async () => {
  const built = mkdtempSync(join(tmpdir(), 'tandem-sdk-'));
  await buildSdk(built);
  mkdirSync(installed, { recursive: true });
  cpSync(built, installed, { recursive: true });
}, 120_000);

/** What the compiler says of this program, as strictly as it can. */
function complaints(program: string): { line: number; message: string }[] {
  const file = join(home, 'program.mts');
  writeFileSync(file, program);
  const checked = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  });
  return ts.getPreEmitDiagnostics(checked).map(({ messageText, file, start = 0 }) => ({
    line: file ? ts.getLineAndCharacterOfPosition(file, start).line : 0,
    message: ts.flattenDiagnosticMessageText(messageText, ' '),
  }));
}

describe('the built package', () => {
  test('Node.js runs it by its name; it needs nothing else', () => {
    writeFileSync(
      join(home, 'program.mjs'),
      `import { Channel, connect, codes } from 'tandem-sdk';
       import { fileStorage } from 'tandem-sdk/node';
       const error = await Channel.initialize({ sign: () => 0 }).catch((caught) => caught);
       const none = await connect().catch((caught) => caught);
       const storage = fileStorage('${join(home, 'state.json')}');
       storage.setItem('a', 'b');
       console.log(error.code === codes.invalidParams, none.code, typeof connect, storage.getItem('a'));`,
    );
    const said = execFileSync(process.execPath, ['program.mjs'], { cwd: home, encoding: 'utf8' });
    expect(said.trim()).toBe('true 4900 function b');
    const code = readFileSync(join(installed, 'index.js'), 'utf8');
    expect(code).not.toMatch(/^\s*import\b/m);
    expect(code).not.toMatch(/\bprocess\.|require\(/);
  });

  test('its types stand alone, and know methods, parameters and results', () => {
    expect(
      complaints(`
        import { Channel, connect, type ResultOf, type WalletEvent } from 'tandem-sdk';
        const channel: Channel = await Channel.initialize({ responderId: 'ak_', initiatorAmount: 1n, lockPeriod: 3 });
        const { accepted } = await channel.update('ak_', 'ak_', '1', ['note'], { requestId: 'x' });
        channel.on('stateChanged', ({ round, balances }) => [round.toFixed(), balances.ak_?.length]);
        channel.on('onChainTx', (tx, { txHash }) => tx + txHash);
        const { client } = await connect({ url: 'http://127.0.0.1:1', token: 'x' });
        const { mine }: ResultOf<'channel.balances'> = await client.request('channel.balances', { id: 'x' });
        await client.request('channel.list');
        const kind: WalletEvent['type'] = 'newContract';
        export default [accepted === true, mine.length, kind];
      `),
    ).toEqual([]);
  }, 60_000);

  test('each mistake is an error of types', () => {
    const mistakes = [
      `await client.request('channel.close_solo', {});`,
      `await client.request('channel.balances');`,
      `await client.request('channel.deposit', { id: '', amount: 1, requestId: '' });`,
      `channel.on('stateChange', () => 1);`,
      `await channel.update('ak_', 'ak_', 1n, async () => 'tx_');`,
      `await Channel.initialize({ sign: () => 1 });`,
    ];
    const declared = `import { Channel, type Client } from 'tandem-sdk';
      declare const client: Client; declare const channel: Channel;`;
    expect(complaints([declared, ...mistakes].join('\n')).map(({ line }) => line)).toEqual(
      mistakes.map((_, index) => index + 2),
    );
  }, 60_000);
});
