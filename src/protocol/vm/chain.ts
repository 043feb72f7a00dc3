/** The channel's accounts and contracts as a call sees and changes them. Immutable: each change gives a new chain. */
import { bigintToBytes, concatBytes } from '../bytes.ts';
import { blake2b256 } from '../chain/signed.ts';
import { type Account, parseAccount, serializeAccount } from '../state/account.ts';
import type { Mpt } from '../state/mpt.ts';
import { CodeError, type ContractCode, type FateCode, parseByteCode, parseContractCode } from './bytecode.ts';
import { type Contract, parseContract, serializeContract, storeKey } from './contract.ts';
import { Crash } from './failure.ts';
import { initialMetadata, registerKey } from './store.ts';

export interface Chain {
  readonly accounts: Mpt;
  readonly contracts: Mpt;
}

/** Flag of an account: takes no coins but by a contract call. */
const nonPayable = 1n;

export function findAccount(chain: Chain, pubkey: Uint8Array): Account | undefined {
  const bytes = chain.accounts.get(pubkey);
  return bytes && parseAccount(bytes);
}

export const withAccount = (chain: Chain, pubkey: Uint8Array, account: Account): Chain => ({
  ...chain,
  accounts: chain.accounts.insert(pubkey, serializeAccount(account)),
});

/**
 * Moves coins; makes the receiver's account where there is none.
 * @param checkPayable whether the receiver may refuse, as in a spend
 * @returns the chain, or the chain's name of what is wrong
 */
export function transfer(
  chain: Chain,
  from: Uint8Array,
  to: Uint8Array,
  amount: bigint,
  checkPayable: boolean,
): Chain | string {
  if (amount < 0n) throw new Crash('a negative amount cannot be spent');
  if (to.length !== 32) throw new Crash('an account key has 32 bytes');
  const sender = findAccount(chain, from);
  if (!sender) throw new Crash('the sender has no account');
  if (sender.balance < amount) return 'insufficient_funds';
  const taken = withAccount(chain, from, { ...sender, balance: sender.balance - amount });
  const receiver = findAccount(taken, to) ?? { nonce: 0n, balance: 0n, flags: 0n };
  if (checkPayable && (receiver.flags & nonPayable) !== 0n) return 'account_is_not_payable';
  return withAccount(taken, to, { ...receiver, balance: receiver.balance + amount });
}

/** What is parsed of a contract, remembered by the bytes it was parsed from. */
const contracts = new WeakMap<Uint8Array, Contract>();
const codes = new WeakMap<Uint8Array, ContractCode>();
const byteCodes = new WeakMap<Uint8Array, FateCode | CodeError>();

function remembered<T>(memory: WeakMap<Uint8Array, T>, bytes: Uint8Array, make: (bytes: Uint8Array) => T): T {
  const known = memory.get(bytes);
  if (known !== undefined) return known;
  const made = make(bytes);
  memory.set(bytes, made);
  return made;
}

export function findContract(chain: Chain, pubkey: Uint8Array): Contract | undefined {
  const bytes = chain.contracts.get(pubkey);
  if (!bytes) return undefined;
  if (pubkey.length !== 32) throw new Crash('a contract key has 32 bytes');
  return remembered(contracts, bytes, parseContract);
}

/** Contract code in its parts. @throws CodeError */
export const contractCodeOf = (code: Uint8Array): ContractCode => remembered(codes, code, parseContractCode);

/** Byte code in its parts. @throws CodeError */
export function fateCodeOf(byteCode: Uint8Array): FateCode {
  const made = remembered(byteCodes, byteCode, (bytes) => {
    try {
      return parseByteCode(bytes);
    } catch (error) {
      if (error instanceof CodeError) return error;
      throw error;
    }
  });
  if (made instanceof CodeError) throw made;
  return made;
}

const vmVersionOf = (contract: Contract): number => Number(contract.ctVersion >> 16n);

/** The code that a contract runs: its own, or that of the one it is a clone of. */
export function codeOf(chain: Chain, pubkey: Uint8Array): { code: FateCode; vmVersion: number } | undefined {
  const contract = findContract(chain, pubkey);
  if (!contract) return undefined;
  const holder = contract.codeRef[0] ? findContract(chain, contract.codeRef[0]) : contract;
  if (!holder || holder.codeRef.length > 0) throw new Crash('a clone refers to no code');
  const { byteCode } = contractCodeOf(holder.code);
  try {
    return { code: fateCodeOf(byteCode), vmVersion: vmVersionOf(contract) };
  } catch (error) {
    if (error instanceof CodeError) return undefined;
    throw error;
  }
}

/** Public key of a contract that a contract makes: Hash(owner, nonce in the fewest bytes). */
export const createdContractKey = (owner: Uint8Array, nonce: bigint): Uint8Array =>
  blake2b256(concatBytes(owner, bigintToBytes(nonce)));

/** The chain with this contract and an empty store. */
export function putContract(chain: Chain, pubkey: Uint8Array, contract: Contract): Chain {
  const tree = chain.contracts
    .insert(pubkey, serializeContract(contract))
    .insert(storeKey(pubkey, new Uint8Array()), Uint8Array.of(0))
    .insert(storeKey(pubkey, registerKey(0n)), initialMetadata);
  return { ...chain, contracts: tree };
}

/** The chain without the contract and all it stores; its account stays. */
export function removeContract(chain: Chain, pubkey: Uint8Array): Chain {
  let tree = chain.contracts;
  for (const [key] of [...tree.entries(pubkey)]) tree = tree.delete(key);
  return { ...chain, contracts: tree };
}

export interface NewContract {
  /** of the new contract's own, with the code in it, or the contract whose code it shares */
  source: { code: Uint8Array } | { clone: Uint8Array };
  creator: Uint8Array;
  vmVersion: number;
}

/** ABI of FATE. */
export const fateAbi = 3n;

/**
 * A contract made by a running one: its key comes from the creator's nonce, which is raised.
 * @throws Crash where the code cannot be read, or there is no contract to clone
 */
export function createContract(
  chain: Chain,
  { source, creator, vmVersion }: NewContract,
): { chain: Chain; pubkey: Uint8Array } {
  const owner = findAccount(chain, creator);
  if (!owner) throw new Crash('the creator has no account');
  const nonce = owner.nonce + 1n;
  const pubkey = createdContractKey(creator, nonce);
  const raised = withAccount(chain, creator, { ...owner, nonce });
  const origin = 'clone' in source ? cloneOrigin(chain, source.clone) : undefined;
  const payable = origin ? origin.payable : isPayableCode((source as { code: Uint8Array }).code);
  const contract: Contract = {
    owner: { kind: 'account', key: creator },
    ctVersion: (BigInt(origin ? origin.vmVersion : vmVersion) << 16n) | fateAbi,
    code: 'code' in source ? source.code : new Uint8Array(),
    codeRef: origin ? [origin.pubkey] : [],
    log: new Uint8Array(),
    active: 1n,
    referers: [],
    deposit: 0n,
  };
  const made = putContract(raised, pubkey, contract);
  const account = findAccount(made, pubkey) ?? { nonce: 0n, balance: 0n, flags: 0n };
  const flags = payable ? account.flags & ~nonPayable : account.flags | nonPayable;
  return { chain: withAccount(made, pubkey, { ...account, flags }), pubkey };
}

function isPayableCode(code: Uint8Array): boolean {
  try {
    return contractCodeOf(code).payable;
  } catch (error) {
    if (error instanceof CodeError) throw new Crash(error.message);
    throw error;
  }
}

function cloneOrigin(
  chain: Chain,
  start: Uint8Array,
): { pubkey: Uint8Array; vmVersion: number; payable: boolean } {
  let pubkey = start;
  for (;;) {
    const contract = findContract(chain, pubkey);
    if (!contract) throw new Crash('there is no contract to clone');
    const next = contract.codeRef[0];
    if (!next) {
      const account = findAccount(chain, pubkey);
      if (!account) throw new Crash('the cloned contract has no account');
      return { pubkey, vmVersion: vmVersionOf(contract), payable: (account.flags & nonPayable) === 0n };
    }
    pubkey = next;
  }
}
