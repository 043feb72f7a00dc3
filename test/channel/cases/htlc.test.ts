/**
 * A payment under a hash lock and a time lock (HashLock.aes), by the names of the node's own suite (CHAIN 4): Alice locks
 * 2 AE for Bob, who gets them for the secret up to a height; after it they go back to her.
 */
import { expect, test } from 'vitest';
import { compiled } from '../../../scripts/contracts.ts';
import { decode } from '../../../src/protocol/chain/address.ts';
import { offChainContractId } from '../../../src/protocol/chain/ids.ts';
import { blake2b256 } from '../../../src/protocol/chain/signed.ts';
import { heldByContracts } from '../../../src/protocol/channel/index.ts';
import { functionId } from '../../../src/protocol/vm/bytecode.ts';
import { encode } from '../../../src/protocol/vm/encode.ts';
import { blob, tuple, type Value } from '../../../src/protocol/vm/value.ts';
import { type ChainParty, ChainWorld } from '../matrix/chain-world.ts';
import { ae, balancesOf, payment, sameState } from '../world.ts';

const secret = new Uint8Array(32).fill(0x5e);
const blocks = 6;

const callData = (name: string, ...args: Value[]) =>
  encode(tuple([blob('string', functionId(name)), tuple(args)]));

/** Alice has locked 2 AE for Bob until `deadline`, the height of now and some blocks. */
function locked() {
  const world = new ChainWorld().open();
  pass(world, 0);
  const { alice, bob } = world;
  const deadline = BigInt(world.chain.height + blocks);
  const init = callData(
    'init',
    blob('address', bob.keys.publicKey),
    blob('bytes', blake2b256(secret)),
    deadline,
  );
  ask(
    alice,
    { type: 'create', ctVersion: 0x80003n, code: decode('cb', compiled('HashLock').code), callData: init },
    2n * ae,
  );
  expect(balancesOf(bob)).toEqual({ initiator: 8n * ae, responder: 5n * ae });
  expect(heldByContracts(bob.channel!.latest!)).toBe(2n * ae);
  return { world, alice, bob, contract: offChainContractId(alice.keys.publicKey, 2n) };
}
function ask(by: ChainParty, contract: NonNullable<ReturnType<typeof payment>['contract']>, amount = 0n) {
  const request = { ...payment(amount), contract };
  by.world.act(by, () => by.post({ type: 'request', request }));
  by.world.settle();
  const outcome = by.decided.get(request.id)!.at(-1)!;
  expect(outcome, outcome.message).toMatchObject({ ok: true });
  expect(sameState(by.world.alice, by.world.bob)).toBe(true);
  return outcome.contract!;
}
const calls = (by: ChainParty, contract: Uint8Array, name: string, ...args: Value[]) =>
  ask(by, {
    type: 'call',
    contract,
    abiVersion: 3n,
    gas: 1_000_000n,
    gasPrice: 10n ** 9n,
    callData: callData(name, ...args),
  });
/** So many key blocks; contracts see them. */
function pass(world: ChainWorld, count: number): void {
  world.mine(count);
  world.height = world.chain.height;
}
const text = (value: Uint8Array) => new TextDecoder().decode(value);

test('alice_pays_bob', () => {
  const { world, bob, contract } = locked();
  expect(calls(bob, contract, 'claim', blob('bytes', new Uint8Array(32)))).toMatchObject({
    returnType: 'revert',
  });
  expect(calls(bob, contract, 'claim', blob('bytes', secret))).toMatchObject({ returnType: 'ok' });
  expect(balancesOf(world.alice)).toEqual({ initiator: 8n * ae, responder: 7n * ae });
  expect(heldByContracts(world.alice.channel!.latest!)).toBe(0n);
});

test('alice_tries_early_refund', () => {
  const { world, alice, contract } = locked();
  pass(world, blocks - 1);
  const { returnType, returnValue } = calls(alice, contract, 'refund');
  expect(returnType).toBe('revert');
  expect(text(returnValue)).toMatch(/too early/);
  expect(balancesOf(alice)).toEqual({ initiator: 8n * ae, responder: 5n * ae });
});

test('alice_gets_refund_after_timeout', () => {
  const { world, alice, contract } = locked();
  pass(world, blocks + 1);
  expect(calls(alice, contract, 'refund')).toMatchObject({ returnType: 'ok' });
  expect(balancesOf(world.bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
  expect(heldByContracts(world.bob.channel!.latest!)).toBe(0n);
});

test('bob_tries_receiving_too_late', () => {
  const { world, alice, bob, contract } = locked();
  pass(world, blocks + 1);
  const { returnType, returnValue } = calls(bob, contract, 'claim', blob('bytes', secret));
  expect(returnType).toBe('revert');
  expect(text(returnValue)).toMatch(/too late/);
  expect(calls(alice, contract, 'refund')).toMatchObject({ returnType: 'ok' });
  expect(balancesOf(bob)).toEqual({ initiator: 10n * ae, responder: 5n * ae });
});
