/** How long questions of sites wait, and how many. */
import { beforeEach, expect, test } from 'vitest';
import { askId, loadSiteAsks, type SiteAsk } from '../../src/background/dapps/approvals.ts';
import { loadSites } from '../../src/background/dapps/sites.ts';
import { type Disk, emptyDisk, mortalStore } from './mortal.ts';

const minute = 60_000;
let now: number;
let timers: { at: number; run: () => void }[];
let disk: Disk;
const clock = {
  now: () => now,
  after(ms: number, run: () => void) {
    timers.push({ at: now + ms, run });
    return () => undefined;
  },
};
/** A worker that starts on what the last one left: its timers are its own. */
const start = () => {
  timers = [];
  return loadSiteAsks({ store: mortalStore(disk), clock, changed: () => undefined });
};
const turns = () => new Promise((done) => setTimeout(done, 20));
async function pass(ms: number): Promise<void> {
  now += ms;
  const due = timers.filter(({ at }) => at <= now);
  timers = timers.filter(({ at }) => at > now);
  for (const { run } of due) run();
  await turns();
}
const connect = (origin: string): SiteAsk => ({
  kind: 'connect',
  id: askId('connect', origin, ''),
  origin,
  createdAt: now,
});
const message = (origin: string): SiteAsk => ({
  kind: 'site_message',
  id: askId('site_message', origin, ''),
  origin,
  createdAt: now,
  message: 'x',
});

beforeEach(() => {
  now = 1_000_000;
  disk = emptyDisk();
});

test('a question ends ten minutes after it was asked, in whichever worker', async () => {
  const first = await start();
  void first.ask(connect('https://a.example'));
  await turns();
  await pass(5 * minute);
  const second = await start();
  expect(second.list()).toHaveLength(1);
  await pass(5 * minute - 1);
  expect(second.list()).toHaveLength(1);
  await pass(1);
  expect(second.list()).toEqual([]);
  expect(disk.approvals!.size).toBe(0);
});

test('a yes to a question that is over is none, though its timer is late', async () => {
  const asks = await start();
  const asked = asks.ask(connect('https://a.example'));
  await turns();
  now += 10 * minute;
  const [ask] = asks.list();
  expect(await asks.decide(ask!.id, true, [{ table: 'meta', key: 'done', value: true }])).toBe(false);
  expect(await asked).toBe(false);
  expect(disk.meta!.has('done')).toBe(false);
});

test('three sites that are not connected wait at once, no more; connected ones are asked about beside them', async () => {
  const asks = await start();
  const refused: unknown[] = [];
  for (let n = 0; n < 50; n++)
    void asks.ask(connect(`https://a${n}.example`)).catch((error) => refused.push(error.code));
  await turns();
  expect(asks.list()).toHaveLength(3);
  expect(new Set(refused)).toEqual(new Set([-32005]));
  void asks.ask(message('https://shop.example'));
  await turns();
  expect(asks.list()).toHaveLength(4);
  await asks.decline(asks.list()[0]!.id);
  void asks.ask(connect('https://next.example'));
  await turns();
  expect(asks.list().map(({ origin }) => origin)).toContain('https://next.example');
});

test('questions of a site whose permission ended with a kill are gone; those of connected sites are not', async () => {
  const sites = await loadSites(mortalStore(disk));
  const origins = ['https://a.example', 'https://b.example'];
  const first = await start();
  for (const origin of origins) {
    await sites.connect(origin, now);
    void first.ask(message(origin));
  }
  await turns();
  await sites.disconnect(origins[0]!);
  const second = await start();
  expect(second.list().map(({ origin }) => origin)).toEqual([origins[1]]);
});
