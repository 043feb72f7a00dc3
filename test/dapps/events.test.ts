/** A site's log of events stays readable, whatever the other side of a channel sends. */
import { beforeAll, expect, test } from 'vitest';
import { messageDetail } from '../../src/background/dapps/changes.ts';
import { loadSites, type Sites } from '../../src/background/dapps/sites.ts';
import type { PageEvent } from '../../src/rpc/page.ts';
import { emptyDisk, mortalStore } from './mortal.ts';

const site = 'https://shop.example';
const most = 16 * 2 ** 20;
const bytes = (events: PageEvent[]) => JSON.stringify(events).length;

let sites: Sites;
beforeAll(async () => {
  sites = await loadSites(mortalStore(emptyDisk()));
  await sites.connect(site, 1);
  // The longest inband message, of a character that JSON writes with six.
  const detail = messageDetail(new Uint8Array(65_535).fill(1));
  const event = { type: 'message' as const, id: null, channelId: null, sequenceNumber: null, detail };
  await sites.tell(Array.from({ length: 120 }, () => ({ origin: site, event })));
});

test('an answer carries the newest events that fit, in order and without a gap', async () => {
  const events = await sites.since(site, 0);
  expect(bytes(events)).toBeLessThan(most + 1_000);
  expect(events.length).toBeGreaterThan(40);
  expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => 121 - events.length + index));
});

test('a page that asks on gets all of them', async () => {
  const numbers: number[] = [];
  for (let before: number | undefined; ; ) {
    const events = await sites.since(site, 10, before);
    if (events.length === 0) break;
    expect(bytes(events)).toBeLessThan(most + 1_000);
    numbers.unshift(...events.map(({ number }) => number));
    before = events[0]!.number;
  }
  expect(numbers).toEqual(Array.from({ length: 110 }, (_, index) => 11 + index));
});

test('a log of short events comes whole', async () => {
  const few = await loadSites(mortalStore(emptyDisk()));
  const event = { type: 'connected' as const, id: null, channelId: null, sequenceNumber: null, detail: {} };
  await few.tell(Array.from({ length: 500 }, () => ({ origin: site, event })));
  expect(await few.since(site, 0)).toHaveLength(500);
  expect(await few.since(site, 500)).toEqual([]);
});
