/** What a page's transaction shows before it is signed, held against transactions that the SDK itself builds. */
import { buildTx, decode, Encoding, encode, hashMessage, Tag } from '@aeternity/aepp-sdk';
import { describe, expect, test } from 'vitest';
import { messageHash } from '../../src/background/dapps/message.ts';
import { readTransaction, TransactionError } from '../../src/background/dapps/transaction.ts';

const own = new Uint8Array(32).fill(1);
const me = encode(own, Encoding.AccountAddress);
const you = encode(new Uint8Array(32).fill(2), Encoding.AccountAddress);
const contract = encode(new Uint8Array(32).fill(3), Encoding.ContractAddress);
const nameId = encode(new Uint8Array(32).fill(4), Encoding.Name);
const commitmentId = encode(new Uint8Array(32).fill(5), Encoding.Commitment);
const oracle = encode(new Uint8Array(32).fill(6), Encoding.OracleAddress);
const channelId = encode(new Uint8Array(32).fill(7), Encoding.Channel);
const call = encode(new Uint8Array([1, 2, 3]), Encoding.ContractBytearray);
const common = { fee: 200_000_000_000_000n.toString(), nonce: 9, ttl: 500 };

const read = (tx: Parameters<typeof buildTx>[0], account = own) =>
  readTransaction(decode(buildTx(tx)), account);
const fact = (tx: ReturnType<typeof readTransaction>, label: string) =>
  tx.facts.filter((one) => one.label === label).map(({ value }) => value);
const refusal = (tx: Parameters<typeof buildTx>[0], account = own): string => {
  try {
    read(tx, account);
    return '';
  } catch (error) {
    if (error instanceof TransactionError) return error.message;
    throw error;
  }
};

describe('a page’s transaction', () => {
  test('a payment shows recipient, amount, fee and text, and what leaves the account', () => {
    const payload = encode(new TextEncoder().encode('thanks'), Encoding.Bytearray);
    const tx = read({ tag: Tag.SpendTx, senderId: me, recipientId: you, amount: 5, payload, ...common });
    expect(tx).toMatchObject({ type: 'SpendTx', nonce: 9n, cost: BigInt(common.fee) });
    expect(tx.most).toBe(BigInt(common.fee) + 5n);
    expect(fact(tx, 'to')).toEqual([you]);
    expect(fact(tx, 'amount')).toEqual(['5']);
    expect(fact(tx, 'payload')).toEqual(['thanks']);
    expect(fact(tx, 'ttl')).toEqual(['500']);
  });
  test('a payment’s bytes that are no text are shown as bytes', () => {
    const payload = encode(new Uint8Array([0xff, 0]), Encoding.Bytearray);
    const tx = read({ tag: Tag.SpendTx, senderId: me, recipientId: nameId, amount: 5, payload, ...common });
    expect(fact(tx, 'payload')).toEqual(['0xff00']);
    expect(fact(tx, 'to')).toEqual([nameId]);
  });
  test('a contract’s gas counts as what can leave the account', () => {
    const gas = { gasLimit: 1000, gasPrice: '1000000000' };
    const called = read({
      tag: Tag.ContractCallTx,
      callerId: me,
      contractId: contract,
      amount: 7,
      callData: call,
      ...gas,
      ...common,
    });
    expect(called.most).toBe(BigInt(common.fee) + 7n + 1_000_000_000_000n);
    expect(fact(called, 'contract')).toEqual([contract]);
    expect(fact(called, 'gasCost')).toEqual(['1000000000000']);
    const made = read({
      tag: Tag.ContractCreateTx,
      ownerId: me,
      code: call,
      amount: 7,
      callData: call,
      ...gas,
      ...common,
    });
    expect(made).toMatchObject({ type: 'ContractCreateTx', most: called.most });
  });
  test('names: reservation, claim, pointers of both forms, transfer, revocation', () => {
    expect(
      fact(read({ tag: Tag.NamePreclaimTx, accountId: me, commitmentId, ...common }), 'commitment'),
    ).toEqual([commitmentId]);
    const claimed = read({
      tag: Tag.NameClaimTx,
      accountId: me,
      name: 'tandemtandem.chain',
      nameSalt: 1,
      nameFee: '3000000000000000000',
      ...common,
    });
    expect(fact(claimed, 'name')).toEqual(['tandemtandem.chain']);
    expect(claimed.most).toBe(3n * 10n ** 18n + BigInt(common.fee));
    const update = {
      tag: Tag.NameUpdateTx as const,
      accountId: me,
      nameId,
      nameTtl: 10,
      clientTtl: 1,
      ...common,
    };
    expect(
      fact(read({ ...update, version: 1, pointers: [{ key: 'account_pubkey', id: you }] }), 'pointer'),
    ).toEqual([`account_pubkey → ${you}`]);
    const raw = encode(new TextEncoder().encode('raw'), Encoding.Bytearray);
    const pointers = [
      { key: 'account_pubkey', id: you },
      { key: 'note', id: raw },
    ];
    const second = read({ ...update, version: 2, pointers });
    expect(second.type).toBe('NameUpdateTx');
    expect(fact(second, 'pointer')).toEqual([`account_pubkey → ${you}`, 'note → raw']);
    expect(
      fact(read({ tag: Tag.NameTransferTx, accountId: me, nameId, recipientId: you, ...common }), 'to'),
    ).toEqual([you]);
    expect(read({ tag: Tag.NameRevokeTx, accountId: me, nameId, ...common }).type).toBe('NameRevokeTx');
  });
  test('an oracle’s question shows its price', () => {
    const tx = read({
      tag: Tag.OracleQueryTx,
      senderId: me,
      oracleId: oracle,
      query: 'rain?',
      queryFee: '30',
      ...common,
    });
    expect(fact(tx, 'query')).toEqual(['rain?']);
    expect(tx.most).toBe(BigInt(common.fee) + 30n);
  });

  test('a name’s update shows how long the name lasts: one that lets it lapse looks like no other', () => {
    const update = (nameTtl: number) =>
      read({
        tag: Tag.NameUpdateTx,
        version: 2,
        accountId: me,
        nameId,
        nameTtl,
        clientTtl: 3600,
        pointers: [{ key: 'account_pubkey', id: me }],
        ...common,
      });
    expect(fact(update(1), 'nameTtl')).toEqual(['1']);
    expect(fact(update(180_000), 'nameTtl')).toEqual(['180000']);
    expect(fact(update(1), 'clientTtl')).toEqual(['3600']);
  });
  test('an oracle shows how long it and its answers last', () => {
    const registered = (oracleTtlType: number) =>
      read({
        tag: Tag.OracleRegisterTx,
        accountId: me,
        queryFormat: 'string',
        responseFormat: 'int',
        queryFee: '30',
        oracleTtlType,
        oracleTtlValue: 500,
        ...common,
      } as never);
    expect(fact(registered(0), 'oracleTtl')).toEqual(['+500']);
    expect(fact(registered(1), 'oracleTtl')).toEqual(['500']);
    expect(() => registered(2)).toThrow();
    const asked = read({
      tag: Tag.OracleQueryTx,
      senderId: me,
      oracleId: oracle,
      query: 'rain?',
      queryFee: '30',
      queryTtlType: 0,
      queryTtlValue: 11,
      responseTtlType: 0,
      responseTtlValue: 12,
      ...common,
    } as never);
    expect([...fact(asked, 'queryTtl'), ...fact(asked, 'responseTtl')]).toEqual(['+11', '+12']);
  });
  test('a field without words of its own is shown by its name, none is passed over', () => {
    const claim = (nameSalt: number) =>
      read({
        tag: Tag.NameClaimTx,
        accountId: me,
        name: 'tandemtandem.chain',
        nameSalt,
        nameFee: '3000000000000000000',
        ...common,
      });
    expect(fact(claim(7), 'other')).toEqual(['nameSalt: 7']);
    const called = read({
      tag: Tag.ContractCallTx,
      callerId: me,
      contractId: contract,
      amount: 7,
      callData: call,
      gasLimit: 1000,
      gasPrice: '1000000000',
      ...common,
    });
    expect(fact(called, 'other')).toEqual(['abiVersion: 3']);
  });

  test('transactions of channels are refused, whichever channel: a state hash shows nothing', () => {
    for (const tx of [
      {
        tag: Tag.ChannelCloseMutualTx,
        channelId,
        fromId: me,
        initiatorAmountFinal: 1,
        responderAmountFinal: 1,
        ...common,
      },
      { tag: Tag.ChannelOffChainTx, channelId, round: 5, stateHash: encode(own, Encoding.State) },
      {
        tag: Tag.ChannelDepositTx,
        channelId,
        fromId: me,
        amount: 1,
        stateHash: encode(own, Encoding.State),
        round: 3,
        ...common,
      },
    ] as Parameters<typeof buildTx>[0][])
      expect(refusal(tx)).toContain('no channel transactions');
  });
  test('what changes who signs for the account is refused, and so is what is unknown', () => {
    const attach = {
      tag: Tag.GaAttachTx as const,
      ownerId: me,
      code: call,
      authFun: new Uint8Array(32),
      callData: call,
      gasLimit: 1000,
      gasPrice: '1000000000',
      ...common,
      nonce: 1,
    };
    expect(refusal(attach as never)).toContain('tag 80');
    expect(() => readTransaction(Uint8Array.of(0xc2, 99, 1), own)).toThrow(/tag 99/);
  });
  test('another account’s transaction, a signed one and damaged bytes are refused', () => {
    const spend = { tag: Tag.SpendTx as const, senderId: me, recipientId: you, amount: 5, ...common };
    expect(refusal(spend, new Uint8Array(32).fill(9))).toContain('another account');
    const bytes = decode(buildTx(spend));
    const signed = buildTx({
      tag: Tag.SignedTx,
      encodedTx: bytes,
      signatures: [new Uint8Array(64)],
    } as never);
    expect(() => readTransaction(decode(signed), own)).toThrow(/signed already/);
    for (let length = 0; length < bytes.length; length++)
      expect(() => readTransaction(bytes.subarray(0, length), own)).toThrow(TransactionError);
    expect(() => readTransaction(Uint8Array.of(...bytes, 0), own)).toThrow(TransactionError);
  });
});

describe('a message', () => {
  test('is hashed as the SDK hashes it, at every size of its length', () => {
    for (const text of ['', 'hello', 'ü'.repeat(126), 'a'.repeat(252), 'a'.repeat(253), 'a'.repeat(60_000)])
      expect(Buffer.from(messageHash(text))).toEqual(Buffer.from(hashMessage(text)));
  });
  test('what is signed has 32 bytes, and a transaction’s has its network before 32', () => {
    expect(messageHash('ae_mainnet').length).toBe(32);
  });
});
