/** What a backup brings along of sites: their events' numbers go on, and none can make it too large. */
import { expect, test } from 'vitest';
import { exportBackup, importBackup } from '../../src/background/backup/index.ts';
import { loadSites } from '../../src/background/dapps/sites.ts';
import { requestKey } from '../../src/engine/stored.ts';
import { installation, password, phrase } from './support.ts';

const site = 'https://shop.example';
const event = { type: 'stateChanged' as const, id: null, channelId: null, sequenceNumber: null, detail: {} };

/** A new installation with what the backup of this one holds. */
async function restored(from: Awaited<ReturnType<typeof installation>>) {
  const { file } = await exportBackup(from, 'ae_devnet', password);
  const there = await installation();
  await importBackup(there, file, password);
  return there;
}

test('events are numbered on from those of before, over several restores, for each site by itself', async () => {
  const old = await installation();
  await old.vault.create({ mnemonic: phrase, password });
  const sites = await loadSites(old.store);
  const tell = (origin: string, count: number) =>
    sites.tell(Array.from({ length: count }, () => ({ origin, event })));
  await tell(site, 12);
  await tell(`${site}:8443`, 3);
  const next = await restored(old);
  // Told after the backup was made: what the site had of these is not told again under a number of theirs.
  const [lost] = await tell(site, 1);
  const again = await loadSites(next.store);
  expect(await again.since(site, 0)).toEqual([]);
  const [told] = await again.tell([{ origin: site, event }]);
  expect(told!.event.number).toBeGreaterThan(lost!.event.number);
  expect(await again.since(site, lost!.event.number)).toHaveLength(1);
  const last = await loadSites((await restored(next)).store);
  const [later, other] = await last.tell([
    { origin: site, event },
    { origin: `${site}:8443`, event },
  ]);
  expect(later!.event.number).toBeGreaterThan(told!.event.number);
  expect(other!.event.number).toBeGreaterThan(3);
  const [first] = await last.tell([{ origin: 'https://new.example', event }]);
  expect(first!.event.number).toBe(1);
}, 180_000);

test('operations of a site that has very many are left out; payments and other sites’ come along', async () => {
  const home = await installation();
  await home.vault.create({ mnemonic: phrase, password });
  const row = (scope: string, id: string) => ({
    table: 'requests' as const,
    key: requestKey(scope, id),
    value: { of: 'x', channel: '0'.repeat(64), problem: null },
  });
  const kept = [
    row(site, 'payment'),
    row(site, 'a operation/b'),
    row('https://other.example operation', 'deposit'),
    row('popup', 'payment'),
  ];
  await home.store.commit([
    ...kept,
    ...Array.from({ length: 1_001 }, (_, n) => row(`${site} operation`, `message ${n}`)),
  ]);
  const there = await restored(home);
  const keys = (await there.store.list('requests')).map(({ key }) => key);
  expect(keys.sort()).toEqual(kept.map(({ key }) => key).sort());
}, 60_000);
