/**
 * A page's transaction as a person reads it before signing. Only types that are named here are ever signed: what cannot
 * be shown is refused, and so are transactions of channels (Tandem runs its own, and a state hash shows nothing) and of
 * generalized accounts (they change who signs for the account).
 */
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { encode } from '../../protocol/chain/address.ts';
import {
  account,
  anyId,
  binary,
  type Id,
  type IdKind,
  int,
  type Layout,
  list,
  pair,
  readFields,
  readHead,
} from '../../protocol/chain/layout.ts';
import type { TxLabel, TxName } from '../../rpc/tx-names.ts';

/** One line of what is signed. */
export interface TxFact {
  label: TxLabel;
  kind: 'account' | 'amount' | 'number' | 'text';
  value: string;
}
export interface ReadableTx {
  type: TxName;
  nonce: bigint;
  /** What goes to the miners at most: fee and all gas. Aetto. */
  cost: bigint;
  /** What can leave the account at most, cost included. Aetto. */
  most: bigint;
  facts: TxFact[];
}

/** Why a page's transaction is not signed, a sentence. */
export class TransactionError extends Error {
  override name = 'TransactionError';
}

const recipient = anyId('account', 'name', 'oracle', 'contract');
const anyKind = anyId('account', 'name', 'commitment', 'oracle', 'contract', 'channel');
const nameId = anyId('name');

/** In the chain's order; versions of one tag are entries of their own. */
const layouts = {
  SpendTx: [
    12,
    1,
    {
      senderId: account,
      recipientId: recipient,
      amount: int,
      fee: int,
      ttl: int,
      nonce: int,
      payload: binary,
    },
  ],
  NameClaimTx: [
    32,
    2,
    { accountId: account, nonce: int, name: binary, nameSalt: int, nameFee: int, fee: int, ttl: int },
  ],
  NamePreclaimTx: [
    33,
    1,
    { accountId: account, nonce: int, commitmentId: anyId('commitment'), fee: int, ttl: int },
  ],
  NameUpdateTx: [
    34,
    1,
    {
      accountId: account,
      nonce: int,
      nameId,
      nameTtl: int,
      pointers: list(pair(binary, anyKind)),
      clientTtl: int,
      fee: int,
      ttl: int,
    },
  ],
  NameUpdateTx2: [
    34,
    2,
    {
      accountId: account,
      nonce: int,
      nameId,
      nameTtl: int,
      pointers: list(pair(binary, binary)),
      clientTtl: int,
      fee: int,
      ttl: int,
    },
  ],
  NameRevokeTx: [35, 1, { accountId: account, nonce: int, nameId, fee: int, ttl: int }],
  NameTransferTx: [
    36,
    1,
    { accountId: account, nonce: int, nameId, recipientId: anyId('account', 'name'), fee: int, ttl: int },
  ],
  ContractCreateTx: [
    42,
    1,
    {
      ownerId: account,
      nonce: int,
      code: binary,
      ctVersion: binary,
      fee: int,
      ttl: int,
      deposit: int,
      amount: int,
      gasLimit: int,
      gasPrice: int,
      callData: binary,
    },
  ],
  ContractCallTx: [
    43,
    1,
    {
      callerId: account,
      nonce: int,
      contractId: anyId('contract', 'name'),
      abiVersion: int,
      fee: int,
      ttl: int,
      amount: int,
      gasLimit: int,
      gasPrice: int,
      callData: binary,
    },
  ],
  OracleQueryTx: [
    23,
    1,
    {
      senderId: account,
      nonce: int,
      oracleId: anyId('oracle', 'name'),
      query: binary,
      queryFee: int,
      queryTtlType: int,
      queryTtlValue: int,
      responseTtlType: int,
      responseTtlValue: int,
      fee: int,
      ttl: int,
    },
  ],
  OracleRegisterTx: [
    22,
    1,
    {
      accountId: account,
      nonce: int,
      queryFormat: binary,
      responseFormat: binary,
      queryFee: int,
      oracleTtlType: int,
      oracleTtlValue: int,
      fee: int,
      ttl: int,
      abiVersion: int,
    },
  ],
} as const satisfies Record<string, readonly [tag: number, version: number, fields: Layout['fields']]>;

/** Fields by name, whatever of the table's types they are. */
type Values = Record<string, bigint | Uint8Array | Id | [Uint8Array, Uint8Array | Id][]>;

const failure = (message: string) => new TransactionError(message);

/**
 * @param bytes the unsigned transaction
 * @param own the account that would sign
 * @throws TransactionError where it is not of a type that can be shown, not canonical, or another account's
 */
export function readTransaction(bytes: Uint8Array, own: Uint8Array): ReadableTx {
  const head = readHead(bytes, 'transaction', failure);
  if ((head.tag >= 50n && head.tag <= 59n) || head.tag === 501n || head.tag === 521n)
    throw failure(
      'Tandem signs no channel transactions for pages: it runs its own channels. Use the channel methods of its provider.',
    );
  if (head.tag === 11n) throw failure('this transaction is signed already: give the unsigned one');
  const found = Object.entries(layouts).find(
    ([, [tag, version]]) => BigInt(tag) === head.tag && BigInt(version) === head.version,
  );
  if (!found)
    throw failure(
      `transaction tag ${head.tag} in version ${head.version} is none that Tandem can show: it is not signed`,
    );
  const [name, [tag, version, fields]] = found;
  const values = readFields({ tag, version, fields }, name, head.items, failure) as unknown as Values;
  const owner = ['senderId', 'accountId', 'ownerId', 'callerId'].find((field) => field in values)!;
  if (!equalBytes(values[owner] as Uint8Array, own))
    throw failure('this transaction is of another account than the wallet’s');

  const number = (field: string) => (values[field] as bigint | undefined) ?? 0n;
  const gas = number('gasLimit') * number('gasPrice');
  const cost = number('fee') + gas;
  const oracleFee = name === 'OracleQueryTx' ? number('queryFee') : 0n;
  return {
    type: (name === 'NameUpdateTx2' ? 'NameUpdateTx' : name) as TxName,
    nonce: number('nonce'),
    cost,
    most: cost + number('amount') + number('deposit') + number('nameFee') + oracleFee,
    facts: [
      ...Object.entries(values)
        .filter(([field]) => field !== owner)
        .flatMap(([field, value]) => factsOf(field, value, values)),
      ...(gas > 0n ? [{ label: 'gasCost', kind: 'amount', value: gas.toString() } as const] : []),
    ],
  };
}

/** No field is passed over: one without words of its own is shown by its name. */
function factsOf(field: string, value: Values[string], values: Values): TxFact[] {
  const amount = (label: TxLabel): TxFact[] => [{ label, kind: 'amount', value: String(value) }];
  const id = (label: TxLabel): TxFact[] => [{ label, kind: 'account', value: idText(value as Id) }];
  const number = (label: TxLabel): TxFact[] => [{ label, kind: 'number', value: String(value) }];
  const text = (label: TxLabel): TxFact[] => [{ label, kind: 'text', value: bytesText(value as Uint8Array) }];
  switch (field) {
    case 'recipientId':
      return id('to');
    case 'contractId':
      return id('contract');
    case 'nameId':
      return id('nameId');
    case 'commitmentId':
      return id('commitment');
    case 'oracleId':
      return id('oracle');
    case 'amount':
    case 'fee':
    case 'nameFee':
    case 'queryFee':
      return amount(field);
    case 'deposit':
      return value === 0n ? [] : amount(field);
    case 'nonce':
    case 'nameTtl':
    case 'clientTtl':
      return number(field);
    case 'ttl':
      return value === 0n ? [] : number(field);
    // Together they are the gas cost.
    case 'gasLimit':
    case 'gasPrice':
      return [];
    // Shown with its value.
    case 'queryTtlType':
    case 'responseTtlType':
    case 'oracleTtlType':
      return [];
    case 'queryTtlValue':
      return [{ label: 'queryTtl', kind: 'text', value: ttlText(values.queryTtlType, value) }];
    case 'responseTtlValue':
      return [{ label: 'responseTtl', kind: 'text', value: ttlText(values.responseTtlType, value) }];
    case 'oracleTtlValue':
      return [{ label: 'oracleTtl', kind: 'text', value: ttlText(values.oracleTtlType, value) }];
    case 'payload':
      return (value as Uint8Array).length === 0 ? [] : text('payload');
    case 'name':
    case 'query':
      return text(field);
    case 'queryFormat':
    case 'responseFormat':
      return text('format');
    case 'code':
    case 'callData':
      return [{ label: field, kind: 'text', value: encode('cb', value as Uint8Array) }];
    case 'pointers':
      return (value as [Uint8Array, Uint8Array | Id][]).map(([key, to]) => ({
        label: 'pointer',
        kind: 'text',
        value: `${bytesText(key)} → ${to instanceof Uint8Array ? pointerText(to) : idText(to)}`,
      }));
    default:
      return [{ label: 'other', kind: 'text', value: `${field}: ${anyText(value)}` }];
  }
}

/** Of an oracle: so many blocks from then on, or until a block. */
function ttlText(type: Values[string] | undefined, value: Values[string]): string {
  if (type === 0n) return `+${value}`;
  if (type === 1n) return String(value);
  throw failure('a time to live is of an unknown kind');
}

function anyText(value: Values[string]): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) throw failure('a field of this transaction cannot be shown');
  return idText(value);
}

const prefixes: Record<IdKind, Parameters<typeof encode>[0]> = {
  account: 'ak',
  name: 'nm',
  commitment: 'cm',
  oracle: 'ok',
  contract: 'ct',
  channel: 'ch',
};
const idText = ({ kind, key }: Id): string => encode(prefixes[kind], key);

/** Version 2 of a name's pointer: 1 and an id, or 2 and any bytes. */
function pointerText(bytes: Uint8Array): string {
  if (bytes[0] === 1) {
    try {
      return idText(anyKind.read(bytes.slice(1)));
    } catch {
      throw failure('NameUpdateTx: a pointer is no id');
    }
  }
  if (bytes[0] === 2) return bytesText(bytes.slice(1));
  throw failure('NameUpdateTx: a pointer is of an unknown kind');
}

/** Text where it is text, else hexadecimal. */
function bytesText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a text with controls is shown as its bytes
    if (!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)) return text;
  } catch {
    // Not text.
  }
  return `0x${toHex(bytes)}`;
}
