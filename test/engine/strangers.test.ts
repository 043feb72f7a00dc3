/** Ids that a peer chooses: it reaches no channel of others, and has no two channels of one on the chain. */
import { expect, test } from 'vitest';
import { signerFromSeed, verify } from '../../src/engine/crypto.ts';
import type { Link } from '../../src/engine/ports.ts';
import { defaultSettings } from '../../src/engine/settings.ts';
import { createTransport } from '../../src/engine/transport/index.ts';
import { encode as address } from '../../src/protocol/chain/address.ts';
import { channelId } from '../../src/protocol/chain/ids.ts';
import {
  type Answer,
  type Ask,
  type Channel,
  type Event,
  initiate,
  step,
} from '../../src/protocol/channel/index.ts';
import { createDecoder, encode, type Message } from '../../src/protocol/wire/index.ts';
import { phase, random, until } from './party.ts';
import { ae, scene, terms } from './scene.ts';

const { chain, party, fund, pay } = scene(280, 150);
let seeds = 0x7200;

/** An account with coins, and a stream to the party under its own key. */
async function stranger(to: Awaited<ReturnType<typeof party>>) {
  const seed = new Uint8Array(32).fill(8);
  new DataView(seed.buffer).setUint32(0, ++seeds);
  const signer = await signerFromSeed(seed);
  await fund({ publicKey: signer.publicKey, address: address('ak', signer.publicKey) });
  const transport = await createTransport({ seed, mode: 'dial' });
  const link = await transport.connect(to.publicKey, to.transport.addresses());
  return { signer, transport, link, ...(await chain().status()) };
}

function heard(link: Link): Message[] {
  const messages: Message[] = [];
  const decoder = createDecoder();
  link.onData((chunk) => void messages.push(...(decoder.push(chunk) as Message[])));
  return messages;
}

test('a stranger that opens under the id that a channel between two others will have does not disturb it', async () => {
  const alice = await party();
  const bob = await party({ listen: true });
  await fund(alice);
  await fund(bob);
  const { signer, transport, link, chainHash } = await stranger(bob);
  const messages = heard(link);
  const { nonce } = await chain().account(alice.publicKey);
  link.send(
    encode({
      type: 'channel_open',
      chain_hash: chainHash,
      temporary_channel_id: channelId(alice.publicKey, nonce + 1n, bob.publicKey),
      lock_period: 10,
      push_amount: 0n,
      initiator_amount: 1n,
      responder_amount: 0n,
      channel_reserve: 0n,
      initiator_pubkey: signer.publicKey,
    }),
  );
  await until(
    'its answer',
    () => messages.at(-1)?.type,
    (type) => type === 'channel_accept',
  );
  const { id } = await alice.engine.open(bob.publicKey, bob.transport.addresses(), terms);
  await until('open', phase(alice, id), (value) => value === 'open');
  await until('open', phase(bob, id), (value) => value === 'open');
  link.close();
  await until(
    'the end of its opening',
    () => bob.engine.channels().filter(({ over }) => over).length,
    (count) => count === 1,
  );
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  await transport.stop();
});

test('an initiator that uses one nonce for two openings gets one channel', async () => {
  const bob = await party({ listen: true });
  const { signer, transport, link, networkId, chainHash } = await stranger(bob);
  const messages = heard(link);
  const keys = { initiator: signer.publicKey, responder: bob.publicKey };
  const alone = { ...terms, pushAmount: 0n, responderAmount: 0n, channelReserve: 0n };
  const env = { now: Date.now(), settings: defaultSettings };

  async function answer(ask: Ask): Promise<Answer> {
    if (ask.ask === 'sign') return signer.sign(ask.bytes);
    if (ask.ask === 'verify') return verify(ask.key, ask.bytes, ask.signature);
    if (ask.ask === 'account') return chain().account(ask.key);
    // The same for both.
    if (ask.ask === 'reserve_nonce') return (await chain().account(signer.publicKey)).nonce + 1n;
    return null;
  }
  async function opening(): Promise<Channel> {
    const made = initiate({ temporaryId: random(32), keys, networkId, chainHash }, alone, env);
    if (typeof made === 'string') throw new Error(made);
    let channel = made;
    const take = async (event: Event) => {
      const rule = step(channel, event, env);
      let turn = rule.next();
      while (!turn.done) turn = rule.next(await answer(turn.value));
      channel = turn.value.channel;
      for (const effect of turn.value.effects) if (effect.type === 'send') link.send(encode(effect.message));
    };
    const next = async () => {
      await until(
        'an answer',
        () => messages.length,
        (count) => count > 0,
      );
      await take({ type: 'message', message: messages.shift()! });
    };
    await take({ type: 'connected' });
    await next();
    await next();
    return channel;
  }
  expect((await opening()).phase).toBe('confirming');
  const second = await opening();
  expect(second.phase).toBe('cancelling');
  expect(second.reason).toContain('belongs to another channel');
  expect(
    bob.engine
      .channels()
      .map(({ channel }) => channel.phase)
      .sort(),
  ).toEqual(['aborted', 'confirming']);
  await transport.stop();
});
