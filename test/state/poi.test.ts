import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../src/protocol/bytes.ts';
import { encode } from '../../src/protocol/chain/address.ts';
import { signedTx, signingBytes, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx, serializeTx } from '../../src/protocol/chain/tx.ts';
import { StateError } from '../../src/protocol/state/error.ts';
import { proofOfInclusion, verifyPoi } from '../../src/protocol/state/poi.ts';
import { channelTrees, emptyTrees, stateHash } from '../../src/protocol/state/trees.ts';
import { keys, txVectors } from '../chain/vectors.ts';
import { accountsOf, states } from './vectors.ts';

const initiator = fromHex(keys.keys.find(({ role }) => role === 'initiator')!.pubkey_hex);

describe.each(states.two_party.map((vector, i) => [i, vector] as const))(
  'two parties, case %i',
  (_i, vector) => {
    const accounts = accountsOf(vector);
    const trees = channelTrees(accounts);
    const both = accounts.map(({ pubkey }) => pubkey);

    it('the proofs of both, of the initiator and of none are the node’s', () => {
      expect(toHex(proofOfInclusion(trees, { accounts: both }))).toBe(vector.poi_both_hex);
      expect(toHex(proofOfInclusion(trees, { accounts: both.toReversed() }))).toBe(vector.poi_both_hex);
      expect(toHex(proofOfInclusion(trees, { accounts: [initiator] }))).toBe(vector.poi_initiator_only_hex);
      expect(toHex(proofOfInclusion(trees, { accounts: [] }))).toBe(vector.poi_empty_hex);
      expect(encode('pi', fromHex(vector.poi_both_hex))).toBe(vector.poi_both);
    });
    it('the proof of both shows both balances and the state hash', () => {
      const poi = verifyPoi(fromHex(vector.poi_both_hex));
      expect(toHex(poi.stateHash)).toBe(vector.poi_hash);
      for (const { pubkey, balance } of accounts) expect(poi.balanceOf(pubkey)).toBe(balance);
    });
    it('a proof of none shows the state hash and no balance', () => {
      const poi = verifyPoi(fromHex(vector.poi_empty_hex));
      expect(toHex(poi.stateHash)).toBe(vector.state_hash);
      expect(() => poi.balanceOf(initiator)).toThrow(/lacks node/);
    });
    it('its channel_offchain_tx of round 2 is the node’s', () => {
      const { unsigned_hex, unsigned_hash, sign_input_hex, signed_hex } = vector.offchain_tx_round2;
      const tx = serializeTx({
        type: 'ChannelOffChainTx',
        channelId: fromHex(states.channel_id_hex),
        round: 2n,
        stateHash: stateHash(trees),
      });
      expect(toHex(tx)).toBe(unsigned_hex);
      expect(toHex(txHash(tx))).toBe(unsigned_hash);
      expect(toHex(signingBytes(keys.network_id, txHash(tx)))).toBe(sign_input_hex);
      expect(signed_hex.endsWith(unsigned_hex)).toBe(true);
      expect(signedTx(tx, [new Uint8Array(64), new Uint8Array(64)]).length).toBe(signed_hex.length / 2);
    });
  },
);

test.each(states.many_accounts.filter(({ n }) => n > 0).map((vector) => [vector.n, vector] as const))(
  'of %i accounts the proof of the first is the node’s and shows its balance',
  (_n, vector) => {
    const [first] = accountsOf(vector);
    const bytes = proofOfInclusion(channelTrees(accountsOf(vector)), { accounts: [first!.pubkey] });
    expect(toHex(bytes)).toBe(vector.poi_first_hex);
    expect(verifyPoi(bytes).balanceOf(first!.pubkey)).toBe(first!.balance);
  },
);

test('nodes inside nodes: the proof of all keys with shared prefixes is the node’s and shows them all', () => {
  const accounts = accountsOf(states.shared_prefix);
  const bytes = proofOfInclusion(channelTrees(accounts), { accounts: accounts.map(({ pubkey }) => pubkey) });
  expect(toHex(bytes)).toBe(states.shared_prefix.poi_all_hex);
  const poi = verifyPoi(bytes);
  for (const { pubkey, balance } of accounts) expect(poi.balanceOf(pubkey)).toBe(balance);
});

test('the proofs of close_solo and slash in the node’s transactions show both balances', () => {
  for (const { fields, unsigned_hex } of txVectors.txs) {
    const tx = fields.version === 1 && 'poi' in fields ? parseTx(fromHex(unsigned_hex)) : null;
    if (!tx || !('poi' in tx)) continue;
    const poi = verifyPoi(tx.poi);
    const [a, b] = keys.keys.slice(0, 2).map(({ pubkey_hex }) => poi.balanceOf(fromHex(pubkey_hex))!);
    expect(a! + b!).toBe(150n * 10n ** 18n);
  }
});

test('a proof shows that an account is not there, and an empty state has none', () => {
  const [vector] = states.two_party;
  const poi = verifyPoi(fromHex(vector!.poi_both_hex));
  expect(poi.balanceOf(new Uint8Array(32))).toBeUndefined();
  const empty = verifyPoi(proofOfInclusion(emptyTrees, { accounts: [] }));
  expect(toHex(empty.stateHash)).toBe(toHex(stateHash(emptyTrees)));
  expect(empty.balanceOf(initiator)).toBeUndefined();
});

test('an account that the trees lack cannot be proven', () => {
  expect(() => proofOfInclusion(emptyTrees, { accounts: [initiator] })).toThrow(StateError);
});

test('the proof of a contract has its store, but not the store’s own root key', () => {
  const contract = new Uint8Array(32).fill(5);
  const other = new Uint8Array(32).fill(6);
  const store = (id: Uint8Array, ...rest: number[]) => Uint8Array.of(...id, 16, ...rest);
  const value = new Uint8Array(40).fill(1);
  let contracts = emptyTrees.contracts;
  for (const key of [
    contract,
    store(contract),
    store(contract, 0),
    store(contract, 1),
    other,
    store(other, 0),
  ])
    contracts = contracts.insert(key, value);
  const trees = { ...emptyTrees, contracts };
  const bytes = proofOfInclusion(trees, { accounts: [], contracts: [contract] });
  expect(toHex(verifyPoi(bytes).stateHash)).toBe(toHex(stateHash(trees)));
  const whole = contracts.prove([contract, store(contract, 0), store(contract, 1)]);
  for (const [hash] of whole) expect(toHex(bytes)).toContain(toHex(hash));
  const [secret] = contracts.prove([store(other, 0)]).filter(([h]) => !whole.some(([w]) => equalBytes(h, w)));
  expect(toHex(bytes)).not.toContain(`a0${toHex(secret![0])}f8`);
});

test('nodes out of order are refused, as the chain refuses them', () => {
  const good = states.two_party[0]!.poi_both_hex;
  const nodes = ['f852a0208066', 'f874a0b97e53', 'f844a0bb34e8', 'f852a0c40f5e'].map((start) =>
    good.indexOf(start),
  );
  const parts = nodes.map((at, i) => good.slice(at, nodes[i + 1] ?? good.length - 10));
  const shuffled =
    good.slice(0, nodes[0]) + [parts[1], parts[0], parts[2], parts[3]].join('') + good.slice(-10);
  expect(() => verifyPoi(fromHex(shuffled))).toThrow(/is not in order/);
});

test('an altered proof never shows another balance under the same state hash, nor throws another error', () => {
  const [vector] = states.two_party;
  const truth = new Map(accountsOf(vector!).map(({ pubkey, balance }) => [toHex(pubkey), balance]));
  const good = fromHex(vector!.poi_both_hex);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = good.slice();
      bytes[at]! ^= flip;
      try {
        const poi = verifyPoi(bytes);
        if (toHex(poi.stateHash) !== vector!.state_hash) return true;
        for (const [key, balance] of truth) if (poi.balanceOf(fromHex(key)) !== balance) return false;
        return false; // The same proof in other bytes: there is only one form.
      } catch (error) {
        return error instanceof StateError;
      }
    }),
    { numRuns: 3000 },
  );
});
