/**
 * The bar's own program: gives each coffee that was ordered by message a discount back, once, over the socket of its
 * headless peer: `tsx examples/tab/service.ts <url of the socket> <token file> <file for what it has handled>`.
 */
import { readFileSync } from 'node:fs';
import { Channel, connect } from '../../src/sdk/index.ts';
import { fileStorage } from '../../src/sdk/node.ts';

const discount = 10n ** 15n;

export async function serveTabs(
  url: string,
  tokenFile: string,
  stateFile: string,
  log: (line: string) => void,
) {
  const storage = fileStorage(stateFile);
  const { client, address } = await connect({ url, token: readFileSync(tokenFile, 'utf8') });
  const channels = new Map<string, Promise<Channel>>();

  /** A message counts as handled once the coffee has its discount: a program that is stopped before does it later. */
  async function serve(id: string, after: number): Promise<Channel> {
    const channel = await Channel.initialize({ client, storage, existingFsmId: id, after });
    channel.on('message', async (message) => {
      const order = /^coffee ([0-9a-f]{24})$/.exec(message)?.[1];
      if (!order) return;
      const paid = await channel.update(address, channel.peer(), discount, ['discount'], {
        requestId: `discount ${order}`,
      });
      log(`coffee ${order}: ${paid.accepted ? 'discount given' : paid.errorMessage}`);
      await channel.sendMessage(`your coffee ${order.slice(0, 4)} is ready`).catch(() => undefined);
    });
    channel.on('error', ({ message }) => log(message));
    log(`channel with ${channel.peer()}`);
    return channel;
  }
  /** @param after number of the event behind which its story begins, where this program sees it for the first time */
  const take = (id: string, after: number) => {
    if (!channels.has(id)) channels.set(id, serve(id, after));
  };
  await client.follow({
    key: 'tabs',
    storage,
    after: 0,
    listener: ({ number, id, type, detail }) => {
      if (id !== null && type === 'statusChanged' && detail.phase === 'open') take(id, number);
    },
  });
  for (const { id, phase } of await client.request('channel.list')) if (phase === 'open') take(id, 0);
  log(`the bar serves as ${address}`);
  return {
    async stop() {
      for (const channel of channels.values()) (await channel).disconnect();
      client.close();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const [url = 'http://127.0.0.1:3018', token = '.data/peer/api-token', state = '.data/tabs.json'] =
    process.argv.slice(2);
  const bar = await serveTabs(url, token, state, (line) => console.log(line));
  process.on('SIGTERM', () => void bar.stop());
  process.on('SIGINT', () => void bar.stop());
}
