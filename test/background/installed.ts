/** Whole wallets, as the worker has them, on a running chain: for tests of what a person would see. */
import { createHandlers } from '../../src/background/handlers.ts';
import { noticeWords } from '../../src/background/notices/index.ts';
import { Wallet } from '../../src/background/wallet.ts';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import type { Store } from '../../src/engine/ports.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { decode } from '../../src/protocol/chain/address.ts';
import { formatInvite } from '../../src/rpc/invite.ts';
import { installation, loadVault, password } from '../backup/support.ts';
import { seenOnChain, until } from '../engine/party.ts';
import { ae, type scene } from '../engine/scene.ts';

export const lockPeriod = 200;

type Parts = Awaited<ReturnType<typeof installation>>;
export type Started = Awaited<ReturnType<typeof start>>;

const running: Wallet[] = [];
/** Call once at the top of a test file. @param when afterEach or afterAll */
export const stopWallets = (when: (stop: () => Promise<void>) => void) =>
  when(async () => {
    for (const wallet of running.splice(0)) await wallet.stop();
  });

/** A worker's wallet that nobody sees or hears of but by `changes`. */
export const loadWallet = (
  parts: Parts,
  changes: Partial<Parameters<typeof Wallet.load>[0]> = {},
): Promise<Wallet> =>
  Wallet.load({
    ...parts,
    verify,
    bootId: 'test',
    signerFromSeed,
    transport: (seed) => createTransport({ seed, mode: 'dial', relay: null }),
    changed: () => undefined,
    attention: () => undefined,
    keepWindow: () => undefined,
    wantUnlock: () => undefined,
    alarm: () => undefined,
    notify: () => undefined,
    pushToPages: () => undefined,
    networkChanged: () => undefined,
    ...changes,
  });

/** A start of the worker on these parts: everything in memory is new. */
export async function start(parts: Parts, store: Store = parts.store) {
  const notices: string[] = [];
  let badge = 0;
  const vault = await loadVault(parts);
  const wallet = await loadWallet(parts, {
    store,
    vault,
    alarm: (channels) => {
      badge = channels;
    },
    notify: (notice) => notices.push(noticeWords(notice, 'en')[0]),
  });
  running.push(wallet);
  return {
    wallet,
    notices,
    badge: () => badge,
    handlers: createHandlers(wallet, vault, { ...parts, vault }),
  };
}
/** A wallet with an open channel with Bob. @param node URL of the wallet's node, by default the scene's own */
export async function withChannel({ url, chain, party, fund }: ReturnType<typeof scene>, node = url()) {
  const parts = await installation();
  const here = await start(parts);
  await here.handlers['network.set']({ nodeUrl: node, relay: null });
  const { address } = await here.handlers['vault.create']({
    mnemonic: (await here.handlers['vault.newPhrase']({})).mnemonic,
    password,
  });
  const bob = await party({ listen: true, minimumDepth: 1 });
  await fund(bob);
  const me = decode('ak', address);
  await fetch(`${url()}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address, amount: (100n * ae).toString() }),
  });
  await until(
    'coins',
    async () => (await chain().account(me)).balance,
    (coins) => coins === 100n * ae,
  );
  const { networkId } = await chain().status();
  const link = formatInvite({
    peer: bob.publicKey,
    networkId,
    addresses: bob.transport.addresses(),
    name: null,
  });
  const { channel: id } = await here.handlers['channel.open']({
    link,
    terms: {
      initiatorAmount: String(10n * ae),
      responderAmount: String(5n * ae),
      pushAmount: '0',
      channelReserve: '0',
      lockPeriod,
    },
  });
  const only = () => here.wallet.view().channels[0]!;
  await until(
    'open',
    () => only()?.phase,
    (phase) => phase === 'open',
  );
  await until(
    'bob opens',
    () => bob.engine.channel(id).channel.phase,
    (phase) => phase === 'open',
  );
  await seenOnChain(bob, id);
  return { parts, here, bob, id, me };
}
