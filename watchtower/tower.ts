/**
 * A watchtower: keeps the latest co-signed state of channels that named its account, and shows it to the chain where one
 * is closed with an older one. Its key can slash these channels and pay its own fees, and nothing more.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clock, faucetOf, seedIn, topUp, untilAnswered } from '../peer/service.ts';
import { openSqliteStore } from '../peer/store.ts';
import { signerFromSeed, verify } from '../src/engine/crypto.ts';
import { createNodeClient } from '../src/engine/node-client.ts';
import type { Chain } from '../src/engine/ports.ts';
import { createTransport } from '../src/engine/transport/index.ts';
import { encode } from '../src/protocol/chain/address.ts';
import { towerProtocol } from '../src/protocol/tower/messages.ts';
import { formatTowerLink } from '../src/rpc/invite.ts';
import { createDefender, type Defender } from './defender.ts';
import { take } from './desk.ts';
import type { Flags } from './flags.ts';
import { type Guards, loadGuards } from './guards.ts';
import { serve } from './service.ts';
import { usualFee } from './slash.ts';

export interface TowerOptions extends Flags {
  /** Milliseconds between two looks at the chain. */
  interval?: number;
  /** Blocks for which a channel that left the chain is kept. */
  keepBlocks?: number;
  /** Milliseconds between two messages of one account. */
  pace?: number;
}

export interface Tower {
  address: string;
  publicKey: Uint8Array;
  /** What a wallet's owner pastes. */
  link: string;
  guards: Guards;
  defender: Defender;
  stop(): Promise<void>;
}

/** Rejects with a sentence where the node does not answer, the port is taken, or the account holds nothing for a fee. */
export async function startTower(options: TowerOptions, log: (line: string) => void): Promise<Tower> {
  mkdirSync(options.data, { recursive: true });
  const seed = seedIn(options.key ?? join(options.data, 'key'));
  const signer = await signerFromSeed(seed);
  const chain = createNodeClient({ url: options.node, timeoutMs: 10_000 });
  const { networkId, chainHash } = await untilAnswered(() => chain.status(), options.node, log);
  await requireCoins(chain, signer.publicKey, faucetOf(options.faucet, options.node, networkId), log);

  const store = openSqliteStore(join(options.data, 'guards.sqlite'));
  try {
    const guards = await loadGuards(store);
    const family = options.host.includes(':') ? 'ip6' : 'ip4';
    const transport = await createTransport({
      seed,
      mode: 'listen',
      listen: [`/${family}/${options.host}/tcp/${options.listen}/ws`],
      protocol: towerProtocol,
    });
    const defender = createDefender({
      guards,
      chain,
      chainHash,
      networkId,
      signer,
      clock,
      interval: options.interval ?? 2_000,
      maxFee: options.maxFee,
      keepBlocks: options.keepBlocks ?? 100,
      log,
    });
    const desk = {
      guards,
      self: signer.publicKey,
      networkId,
      verify,
      channel: (channelId: Uint8Array) => chain.channel(channelId),
      balance: defender.balance,
      accept: options.accept,
      limits: { channels: options.channels, perAccount: options.perAccount },
      log,
    };
    // First what is at stake already, then new wallets.
    await defender.look();
    serve({
      transport,
      clock,
      chainHash,
      pace: options.pace ?? 50,
      take: (from, message) => take(desk, from, message),
    });
    const own = transport.addresses();
    const id = own[0]?.slice(own[0].lastIndexOf('/p2p/')) ?? '';
    return {
      address: encode('ak', signer.publicKey),
      publicKey: signer.publicKey,
      link: formatTowerLink({
        peer: signer.publicKey,
        networkId,
        addresses: options.announce ? [options.announce + id] : own,
        name: options.name,
      }),
      guards,
      defender,
      async stop() {
        await transport.stop();
        await defender.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Without coins it would promise what it cannot do. */
async function requireCoins(
  chain: Chain,
  account: Uint8Array,
  faucet: string | null,
  log: (line: string) => void,
): Promise<void> {
  const coins = async () => (await chain.account(account)).balance;
  if ((await coins()) >= usualFee) return;
  const address = encode('ak', account);
  if (faucet) {
    log(`asks ${faucet} for test coins`);
    const problem = await topUp({ chain, faucet, account }, usualFee, 10n * 10n ** 18n).catch(String);
    if (problem) log(problem);
    for (let wait = 0; wait < 60 && !problem; wait++) {
      if ((await coins()) >= usualFee) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  throw new Error(
    `The account ${address} holds ${await coins()} aetto, too little to pay for one slash (${usualFee}). Send it coins, then start again.`,
  );
}
