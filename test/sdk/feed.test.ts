/** The log as one consumer reads it, over the wallet's own store of events: gaps, another log, numbers, retries. */
import { describe, expect, test } from 'vitest';
import { loadSites, type Sites } from '../../src/background/dapps/sites.ts';
import {
  Client,
  type FeedOptions,
  memoryStorage,
  type Transport,
  type WalletEvent,
} from '../../src/sdk/index.ts';
import { installation } from '../backup/support.ts';
import { until } from './world.ts';

const site = 'http://shop.example';

/** The real log of a site, kept so long. `fail` is a wallet that cannot be reached for so many calls. */
async function log(kept = 500) {
  const { store } = await installation();
  const sites: Sites = await loadSites(store, kept);
  await sites.connect(site, 0);
  const listeners = new Set<{ event(event: WalletEvent): void; opened(): void; lost(): void }>();
  let failures = 0;
  const transport: Transport = {
    async request({ method, params }) {
      if (failures > 0) {
        failures -= 1;
        throw Object.assign(new Error('locked'), { code: 4900 });
      }
      if (method !== 'events.since') throw new Error(`no ${method} here`);
      return JSON.parse(JSON.stringify(await sites.since(site, (params as { after: number }).after)));
    },
    listen(listener) {
      listeners.add(listener);
      listener.opened();
      return () => void listeners.delete(listener);
    },
    close: () => listeners.clear(),
  };
  return {
    client: new Client(transport),
    fail: (times: number) => {
      failures = times;
    },
    /** `silent`: kept, and not told: the connection was gone. */
    async tell(text: string, silent = false) {
      const event = {
        type: 'message',
        id: null,
        channelId: null,
        sequenceNumber: null,
        detail: { text },
      } as const;
      const [told] = await sites.tell([{ origin: site, event }]);
      if (!silent) for (const listener of [...listeners]) listener.event(told!.event);
    },
    reconnect() {
      for (const listener of [...listeners]) {
        listener.lost();
        listener.opened();
      }
    },
  };
}

/** A consumer with what it heard. */
async function follow(client: Client, more: Partial<FeedOptions> = {}) {
  const heard: string[] = [];
  const problems: string[] = [];
  const feed = await client.follow({
    key: 'test',
    listener: ({ detail }) => void heard.push(detail.text!),
    problem: ({ message }) => problems.push(message),
    ...more,
  });
  return { feed, heard, problems };
}
const settle = () => new Promise((done) => setTimeout(done, 20));

describe('a feed of the wallet’s events', () => {
  test('begins with what is new, and goes on where it was', async () => {
    const { client, tell } = await log();
    const storage = memoryStorage();
    await tell('before');
    const first = await follow(client, { storage });
    await tell('one');
    await settle();
    first.feed.stop();
    await tell('two');
    const second = await follow(client, { storage });
    await tell('three');
    await settle();
    expect([first.heard, second.heard]).toEqual([['one'], ['two', 'three']]);
  });

  test('begins where it is told to', async () => {
    const { client, tell } = await log();
    await tell('one');
    await tell('two');
    expect((await follow(client, { storage: memoryStorage(), after: 1 })).heard).toEqual(['two']);
  });

  test('what was not told is fetched, in order, once', async () => {
    const { client, tell, reconnect } = await log();
    const { heard } = await follow(client, { storage: memoryStorage() });
    await tell('one');
    await tell('two', true);
    await tell('three');
    await settle();
    await tell('four', true);
    reconnect();
    await settle();
    expect(heard).toEqual(['one', 'two', 'three', 'four']);
  });

  test('a wallet that cannot be asked is asked again', async () => {
    const { client, tell, fail, reconnect } = await log();
    const { heard } = await follow(client, { storage: memoryStorage() });
    await tell('one', true);
    fail(1);
    reconnect();
    await until(
      'told',
      () => heard,
      ({ length }) => length === 1,
    );
    expect(heard).toEqual(['one']);
  });

  test('events that the log no longer has are told as gone', async () => {
    const { client, tell } = await log(3);
    const storage = memoryStorage();
    const first = await follow(client, { storage });
    await tell('one');
    await settle();
    first.feed.stop();
    for (const text of ['two', 'three', 'four', 'five', 'six']) await tell(text);
    const second = await follow(client, { storage });
    expect(second.heard).toEqual(['four', 'five', 'six']);
    expect(second.problems).toEqual([expect.stringContaining('Events 2 to 3 are gone')]);
  });

  test.each([
    ['shorter', ['other']],
    ['as long', ['other', 'another']],
    ['longer', ['other', 'another', 'and more']],
  ])('another wallet’s log, %s than the last, is read from its beginning', async (_, texts) => {
    const old = await log();
    const storage = memoryStorage();
    const first = await follow(old.client, { storage });
    await old.tell('one');
    await old.tell('two');
    await settle();
    first.feed.stop();
    const next = await log();
    for (const text of texts) await next.tell(text);
    const second = await follow(next.client, { storage });
    await next.tell('live');
    await settle();
    expect(second.heard).toEqual([...texts, 'live']);
    expect(second.problems).toEqual([]);
  });

  test('a listener that throws, or whose promise fails, stops nothing', async () => {
    const { client, tell } = await log();
    const seen: string[] = [];
    const silent = console.error;
    console.error = () => undefined;
    await client.follow({
      key: 'test',
      storage: memoryStorage(),
      listener({ detail }) {
        seen.push(detail.text!);
        if (detail.text === 'one') throw new Error('in the listener');
        return Promise.reject(new Error('later'));
      },
    });
    await tell('one');
    await tell('two');
    await tell('three');
    await settle();
    console.error = silent;
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  test('an event counts as handled when its promise is done, and not before those in front of it', async () => {
    const { client, tell } = await log();
    const storage = memoryStorage();
    let finish: () => void = () => undefined;
    const first = await client.follow({
      key: 'test',
      storage,
      listener: ({ detail }) =>
        detail.text === 'slow'
          ? new Promise<void>((done) => {
              finish = done;
            })
          : undefined,
    });
    await tell('slow');
    await tell('quick');
    await settle();
    const again = await follow(client, { storage });
    expect(again.heard).toEqual(['slow', 'quick']);
    again.feed.stop();
    finish();
    await settle();
    first.stop();
    expect((await follow(client, { storage })).heard).toEqual([]);
  });

  test('a storage that holds something else, or is cut off, is as if it were empty', async () => {
    const { client, tell } = await log();
    await tell('one');
    for (const text of ['{', 'null', '"x"', '{"number":"7"}']) {
      const storage = memoryStorage();
      await storage.setItem('tandem.events.test', text);
      expect((await follow(client, { storage, after: 0 })).heard).toEqual(['one']);
    }
  });
});
