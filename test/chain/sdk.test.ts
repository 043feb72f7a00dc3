/** The chain's own JavaScript library, unmodified, as a second reader and writer of what we serialize. */
import {
  buildContractId,
  buildTx,
  buildTxHash,
  type Encoded,
  EntryTag,
  packEntry,
  Tag,
  unpackEntry,
  unpackTx,
} from '@aeternity/aepp-sdk';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { compareBytes, toHex } from '../../src/protocol/bytes.ts';
import { decode, encode } from '../../src/protocol/chain/address.ts';
import { minFee } from '../../src/protocol/chain/fee.ts';
import { offChainContractId } from '../../src/protocol/chain/ids.ts';
import type { Id } from '../../src/protocol/chain/layout.ts';
import { signedTx, txHash } from '../../src/protocol/chain/signed.ts';
import { parseTx, serializeTx, type Tx, type TxType } from '../../src/protocol/chain/tx.ts';
import { type Entry, serializeEntry } from '../../src/protocol/state/entries.ts';
import { proofOfInclusion } from '../../src/protocol/state/poi.ts';
import { channelTrees, serializeTrees } from '../../src/protocol/state/trees.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 90n }), fc.bigInt({ min: 0n, max: 300n }));
/** The library holds these in a number. */
const small = fc.oneof(fc.maxSafeNat(), fc.nat(300)).map(BigInt);
const payload = fc.uint8Array({ maxLength: 80 });
const accounts = fc.uniqueArray(fc.record({ pubkey: key, balance: amount }), {
  minLength: 1,
  maxLength: 4,
  selector: ({ pubkey }) => toHex(pubkey),
});
const poi = accounts.map((list) =>
  proofOfInclusion(channelTrees(list), { accounts: list.map(({ pubkey }) => pubkey) }),
);

const common = { channelId: key, fromId: key, ttl: small, fee: amount, nonce: small };
const finals = { initiatorAmountFinal: amount, responderAmountFinal: amount };
const fields = {
  SpendTx: {
    senderId: key,
    recipientId: fc.record({ kind: fc.constantFrom('account' as const, 'contract' as const), key }),
    amount,
    fee: amount,
    ttl: small,
    nonce: small,
    payload,
  },
  ChannelCreateTx: {
    initiatorId: key,
    initiatorAmount: amount,
    responderId: key,
    responderAmount: amount,
    channelReserve: amount,
    lockPeriod: small,
    ttl: small,
    fee: amount,
    initiatorDelegates: fc.array(key, { maxLength: 3 }),
    responderDelegates: fc.array(key, { maxLength: 3 }),
    stateHash: key,
    nonce: small,
  },
  ChannelDepositTx: { ...common, amount, stateHash: key, round: small },
  ChannelWithdrawTx: {
    channelId: key,
    toId: key,
    amount,
    ttl: small,
    fee: amount,
    stateHash: key,
    round: small,
    nonce: small,
  },
  ChannelCloseMutualTx: { ...common, ...finals },
  ChannelSettleTx: { ...common, ...finals },
  ChannelCloseSoloTx: { ...common, payload, poi },
  ChannelSlashTx: { ...common, payload, poi },
  ChannelSnapshotSoloTx: { ...common, payload },
  ChannelForceProgressTx: {
    ...common,
    payload,
    round: small,
    update: payload,
    stateHash: key,
    offChainTrees: accounts.map((list) => serializeTrees(channelTrees(list))),
  },
  ChannelOffChainTx: { channelId: key, round: small, stateHash: key },
};
type Known = keyof typeof fields;
const types = Object.keys(fields) as Known[];

const txOfType = (type: TxType & Known): fc.Arbitrary<Tx> =>
  fc.record(fields[type] as Record<string, fc.Arbitrary<unknown>>).map((values) => {
    const tx = { type, ...values } as Tx;
    return 'fee' in tx ? { ...tx, fee: minFee(tx) + tx.fee } : tx;
  });

/** The library's parameters of the same transaction. */
function paramsOf(tx: Tx): Record<string, unknown> {
  const names: Record<string, string> = {
    initiatorDelegates: 'initiatorDelegateIds',
    responderDelegates: 'responderDelegateIds',
  };
  if (tx.type === 'ChannelCreateTx')
    Object.assign(names, { initiatorId: 'initiator', responderId: 'responder' });
  const text = (name: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return value.toString();
    if (Array.isArray(value)) return value.map((each) => encode('ak', each as Uint8Array));
    const bytes = value as Uint8Array;
    switch (name) {
      case 'recipientId': {
        const id = value as Id;
        return encode(id.kind === 'contract' ? 'ct' : 'ak', id.key);
      }
      case 'channelId':
        return encode('ch', bytes);
      case 'stateHash':
        return encode('st', bytes);
      case 'payload':
        return encode(tx.type === 'SpendTx' ? 'ba' : 'tx', bytes);
      case 'update':
        return encode('cb', bytes);
      case 'offChainTrees':
        return encode('ss', bytes);
      case 'poi':
        return bytes;
      default:
        return encode('ak', bytes);
    }
  };
  const { type, ...values } = tx;
  return {
    tag: Tag[type as keyof typeof Tag],
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [names[name] ?? name, text(name, value)]),
    ),
  };
}

const build = (params: Record<string, unknown>) =>
  buildTx(params as unknown as Parameters<typeof buildTx>[0]) as Encoded.Transaction;

describe.each(types)('%s', (type) => {
  it('reads the same there, and what is built there is ours, byte for byte', () => {
    fc.assert(
      fc.property(txOfType(type), (tx) => {
        const bytes = serializeTx(tx);
        const params = paramsOf(tx);
        const read = unpackTx(encode('tx', bytes) as Encoded.Transaction) as unknown as Record<
          string,
          unknown
        >;
        const comparable = (value: unknown) =>
          Array.isArray(value) ? value.map(String) : value === undefined ? undefined : String(value);
        for (const [name, value] of Object.entries(params))
          if (name !== 'poi') expect([name, comparable(read[name])]).toEqual([name, comparable(value)]);
        const built = build(params);
        expect(decode('tx', built)).toEqual(bytes);
        expect(buildTxHash(built)).toBe(encode('th', txHash(bytes)));
        expect(parseTx(decode('tx', built))).toEqual(tx);
      }),
      { numRuns: 40 },
    );
  });
  if (type !== 'ChannelOffChainTx')
    it('costs the same there', () => {
      fc.assert(
        fc.property(txOfType(type), (tx) => {
          const { fee: _, ...params } = paramsOf(tx);
          const cheapest = parseTx(decode('tx', build(params)));
          expect(minFee(tx)).toBe((cheapest as Extract<Tx, { fee: bigint }>).fee);
        }),
        { numRuns: 20 },
      );
    });
});

test('a signed transaction is the same there', () => {
  const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(txOfType('ChannelCloseMutualTx'), signature, signature, (tx, a, b) => {
      const sorted = [a, b].sort(compareBytes).map((bytes) => Buffer.from(bytes));
      const built = build({ tag: Tag.SignedTx, signatures: sorted, encodedTx: paramsOf(tx) });
      const ours = signedTx(serializeTx(tx), [a, b]);
      expect(decode('tx', built)).toEqual(ours);
      expect(buildTxHash(built)).toBe(encode('th', txHash(ours)));
    }),
    { numRuns: 20 },
  );
});

test('a proof of inclusion shows the same balances there', () => {
  fc.assert(
    fc.property(accounts, (list) => {
      const bytes = proofOfInclusion(channelTrees(list), { accounts: list.map(({ pubkey }) => pubkey) });
      const read = unpackEntry(encode('pi', bytes) as Encoded.Poi) as unknown as {
        accounts: { get(address: string): { balance: string } }[];
      };
      for (const { pubkey, balance } of list)
        expect(read.accounts[0]!.get(encode('ak', pubkey)).balance).toBe(balance.toString());
    }),
    { numRuns: 40 },
  );
});

test('state trees hold the same accounts there', () => {
  fc.assert(
    fc.property(accounts, (list) => {
      const bytes = serializeTrees(channelTrees(list));
      const read = unpackEntry(encode('ss', bytes) as Encoded.StateTrees) as unknown as {
        accounts: { payload: Record<string, { balance: string }> } | Record<string, { balance: string }>;
      };
      const shown = JSON.stringify(read.accounts);
      for (const { pubkey, balance } of list)
        expect(shown).toMatch(new RegExp(`"${encode('ak', pubkey)}":\\{[^}]*"balance":"${balance}"`));
    }),
    { numRuns: 20 },
  );
});

test('off-chain updates but call and meta are the same there', () => {
  fc.assert(
    fc.property(key, key, amount, payload, (from, to, value, data) => {
      const [fromText, toText] = [encode('ak', from), encode('ak', to)] as Encoded.AccountAddress[];
      const cb = encode('cb', data) as Encoded.ContractBytearray;
      const pairs: [Entry, Parameters<typeof packEntry>[0]][] = [
        [
          { type: 'transfer', from, to, amount: value },
          {
            tag: EntryTag.ChannelOffChainUpdateTransfer,
            from: fromText!,
            to: toText!,
            amount: value.toString(),
          },
        ],
        [
          { type: 'deposit', from, amount: value },
          { tag: EntryTag.ChannelOffChainUpdateDeposit, from: fromText!, amount: value.toString() },
        ],
        [
          { type: 'withdraw', to, amount: value },
          { tag: EntryTag.ChannelOffChainUpdateWithdraw, from: toText!, amount: value.toString() },
        ],
        [
          {
            type: 'create',
            owner: from,
            ctVersion: (8n << 16n) | 3n,
            code: data,
            deposit: value,
            callData: data,
          },
          {
            tag: EntryTag.ChannelOffChainUpdateCreateContract,
            owner: fromText!,
            ctVersion: { vmVersion: 8, abiVersion: 3 },
            code: cb,
            deposit: value.toString(),
            callData: cb,
          },
        ],
      ];
      for (const [entry, params] of pairs)
        expect(packEntry(params)).toBe(encode('ba', serializeEntry(entry)));
    }),
    { numRuns: 40 },
  );
});

test('the id of a contract made off chain is the same there', () => {
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 2 ** 31 }), (owner, round) => {
      const there = buildContractId(encode('ak', owner) as Encoded.AccountAddress, round);
      expect(encode('ct', offChainContractId(owner, BigInt(round)))).toBe(there);
    }),
  );
});
