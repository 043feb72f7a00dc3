/** A running chain and funded parties on it, for tests of whole channels. Call once at the top of a test file. */
import { afterAll, beforeAll } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/index.ts';
import { createNodeClient } from '../../src/engine/node-client.ts';
import type { Outcome, Terms } from '../../src/protocol/channel/index.ts';
import { type Party, type PartyOptions, phase, startParty, until } from './party.ts';

export const ae = 10n ** 18n;
export const terms: Terms = {
  initiatorAmount: 10n * ae,
  responderAmount: 5n * ae,
  pushAmount: 2n * ae,
  channelReserve: ae / 10n,
  lockPeriod: 8,
};

/** @param firstSeed the parties' seeds count up from here, so that files do not share accounts */
export function scene(firstSeed: number, keyBlockMs = 150) {
  let devnet: Devnet;
  let seeds = firstSeed;
  let requests = 0;
  const parties: Party[] = [];

  beforeAll(async () => {
    devnet = await startDevnet({ port: 0, keyBlockMs, microBlockMs: 20 });
  });
  afterAll(async () => {
    for (const party of parties) await party.stop().catch(() => undefined);
    await devnet.close();
  });

  const chain = () => createNodeClient({ url: devnet.url, timeoutMs: 5_000 });
  const balance = async (who: Pick<Party, 'publicKey'>) => (await chain().account(who.publicKey)).balance;

  async function party(options: Partial<PartyOptions> = {}): Promise<Party> {
    const made = await startParty({ node: devnet.url, seedByte: ++seeds, ...options });
    parties.push(made);
    return made;
  }

  /** 100 AE from the faucet, arrived. */
  async function fund(who: Pick<Party, 'publicKey' | 'address'>): Promise<void> {
    const response = await fetch(`${devnet.url}/devnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address: who.address, amount: (100n * ae).toString() }),
    });
    if (!response.ok) throw new Error(`the faucet answered ${response.status}`);
    await until(
      'coins',
      () => balance(who),
      (value) => value === 100n * ae,
    );
  }

  return {
    url: () => devnet.url,
    chain,
    /** So many key blocks pass. */
    async blocks(count: number): Promise<void> {
      const start = (await chain().status()).height;
      await until(
        `${count} blocks`,
        async () => (await chain().status()).height,
        (height) => height >= start + count,
      );
    },
    /** The node takes transactions of these types and loses them. */
    async drop(types: string[]): Promise<void> {
      const response = await fetch(`${devnet.url}/devnet/mode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ drop: types }),
      });
      if (!response.ok) throw new Error(`the devnet answered ${response.status}`);
    },
    balance,
    party,
    fund,
    /** The latest seed that was given to a party: to start it again. */
    lastSeed: () => seeds,
    pay: (from: Party, id: string, amount: bigint, direction: 'pay' | 'ask' = 'pay'): Promise<Outcome> =>
      from.engine.request(id, { scope: 'test', id: `r${++requests}`, amount, direction, note: null }),
    /** Alice opened a channel with Bob, who listens. */
    async openChannel(minimumDepth = 1) {
      const alice = await party();
      const bob = await party({ listen: true, minimumDepth });
      await fund(alice);
      await fund(bob);
      const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
      await until('alice opens', phase(alice, id), (value) => value === 'open');
      await until('bob opens', phase(bob, id), (value) => value === 'open');
      return { alice, bob, id };
    },
  };
}
