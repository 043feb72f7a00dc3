/** The command line: one line when it runs, one clear sentence when it cannot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { quietDevnet } from './support.ts';

const root = new URL('../../', import.meta.url);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(...flags: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'devnet/main.ts', ...flags], { cwd: root });
  children.push(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    output.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.err += chunk;
  });
  return { child, output };
}

async function failure(...flags: string[]) {
  const { child, output } = run(...flags);
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(output.out).toBe('');
  return output.err;
}

describe('the command line', () => {
  it('prints its URL, answers there, and stops by a signal', async () => {
    const { child, output } = run('--port', '0', '--network-id', 'ae_test', '--start-height', '7');
    await expect.poll(() => output.out, { timeout: 15_000 }).toMatch(/\n/);
    const url = /^devnet ae_test at (http:\/\/127\.0\.0\.1:\d+), height 7\n$/.exec(output.out)?.[1];
    expect(url).toBeDefined();
    const status = await (await fetch(`${url}/v3/status`)).json();
    expect(status).toMatchObject({ network_id: 'ae_test' });
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output.err).toBe('');
  });

  it('says what to do when the port is in use', async () => {
    const devnet = await quietDevnet();
    const port = String(devnet.port);
    expect(await failure('--port', port)).toBe(
      `devnet: port ${port} is in use; stop what uses it, or choose another with --port\n`,
    );
    await devnet.close();
  });

  it('names a flag that is wrong or unknown, and shows the flags', async () => {
    const [wrong, unknown] = await Promise.all([failure('--port', 'x'), failure('--prot', '1')]);
    expect(wrong).toMatch(/^devnet: --port is "x", needs a whole number from 0 to 65535\n\nUsage:/);
    expect(unknown).toMatch(/^devnet: Unknown option '--prot'[\s\S]*Usage:/);
  });
});
