/** A headless party that can go back to what its disk held before: the cheat that the chain's dispute time is for. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatInvite } from '../../src/rpc/invite.ts';
import { type Party, startParty, until } from '../../test/engine/party.ts';

const ae = 10n ** 18n;

export interface Cheater {
  address: string;
  /** By which others open a channel with it; it accepts all. */
  invite: string;
  party(): Party;
  /** Keeps what is on its disk now. */
  remember(): void;
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
  return {
    address: party.address,
    invite: formatInvite({
      peer: party.publicKey,
      networkId: 'ae_devnet',
      addresses: party.transport.addresses(),
      name: 'Cheater',
    }),
    party: () => party,
    remember() {
      const folder = mkdtempSync(join(tmpdir(), 'tandem-old-'));
      cpSync(party.folder, folder, { recursive: true });
      folders.push(folder);
    },
    async closeWithOldState() {
      await party.stop();
      party = await startParty({ node: chain.url, seedByte, folder: folders.at(-1)! });
      const { id } = party.engine.channels().find((actor) => !actor.over)!;
      await until(
        'the channel is seen on the chain',
        () => party.engine.channel(id).channel.onChain,
        (object) => object !== null,
      );
      await party.engine.wish(id, { type: 'close_solo' });
    },
    async stop() {
      await party.stop();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}
