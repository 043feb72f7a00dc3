/** A headless party that can go back to what its disk held before: the cheat that the chain's dispute time is for. */
import { rmSync } from 'node:fs';
import type { Outcome } from '../../src/protocol/channel/index.ts';
import { formatInvite } from '../../src/rpc/invite.ts';
import { number, oldDisk, type Party, seenOnChain, startParty, until } from '../../test/engine/party.ts';

const ae = 10n ** 18n;

export interface Cheater {
  address: string;
  /** By which others open a channel with it; it accepts all. */
  invite: string;
  party(): Party;
  /** Keeps what is on its disk now. */
  remember(): void;
  /** Remembers the state after the first payment of its only channel, and pays this much back behind it. */
  payBack(amount: bigint): Promise<Outcome>;
  /** Comes back with what it remembered, unreachable for anybody, and closes its only channel that is not over by that. */
  closeWithOldState(): Promise<void>;
  stop(): Promise<void>;
}

export async function cheater(
  chain: { url: string; fund(address: string, amount: bigint): Promise<unknown> },
  seedByte = 199,
): Promise<Cheater> {
  const folders: string[] = [];
  let party = await startParty({ node: chain.url, seedByte, listen: true });
  folders.push(party.folder);
  await chain.fund(party.address, 100n * ae);
  const remember = () => void folders.push(oldDisk(party));
  return {
    address: party.address,
    invite: formatInvite({
      peer: party.publicKey,
      networkId: 'ae_devnet',
      addresses: party.transport.addresses(),
      name: 'Cheater',
    }),
    party: () => party,
    remember,
    async payBack(amount) {
      const { id } = party.engine.channels()[0]!;
      await until('it is paid', number(party, id), (value) => value === 1n);
      remember();
      return party.engine.request(id, { scope: 'e2e', id: 'back', amount, direction: 'pay', note: null });
    },
    async closeWithOldState() {
      await party.stop();
      party = await startParty({ node: chain.url, seedByte, folder: folders.at(-1)! });
      const { id } = party.engine.channels().find((actor) => !actor.over)!;
      await seenOnChain(party, id);
      await party.engine.wish(id, { type: 'close_solo' });
    },
    async stop() {
      await party.stop();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}
