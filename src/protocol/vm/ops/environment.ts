/** What a contract can ask about the chain and the call. Off chain there is no authentication and no fee. */

import { blake2b256 } from '../../chain/signed.ts';
import { aborts } from '../abort.ts';
import { findAccount, findContract } from '../chain.ts';
import { Crash } from '../failure.ts';
import { blob, isBlob, none, some, type Value } from '../value.ts';
import { addressOf, type Vm } from '../vm.ts';
import { fate2, fate3, type Group, type Run, since } from './op.ts';

/** Gas of a micro block on chain. */
const blockGasLimit = 6_000_000n;
/** Key blocks that BLOCKHASH reaches back, the present one included. */
const hashWindow = 256n;

const ask =
  (answer: (vm: Vm) => Value): Run =>
  (vm, args) =>
    vm.set(args[0]!, answer(vm));

function addressArg(vm: Vm, value: Value): Uint8Array {
  if (!isBlob(value, 'address')) return vm.abort(aborts.valueNotOfType(value, 'address'));
  return value.bytes;
}

/** A question about the account in operand 1. */
const about =
  (answer: (vm: Vm, pubkey: Uint8Array) => Value): Run =>
  (vm, args) =>
    vm.set(args[0]!, answer(vm, addressArg(vm, vm.get(args[1]!))));

const absent =
  (cells: number): Run =>
  (vm, args) => {
    vm.spendCells(cells);
    vm.set(args[0]!, none);
  };

export const environment: Group = {
  BALANCE: ask((vm) => {
    const account = findAccount(vm.chain, vm.contract);
    if (!account) throw new Crash('the contract has no account');
    return account.balance;
  }),
  BALANCE_OTHER: about((vm, pubkey) => {
    return findAccount(vm.chain, pubkey)?.balance ?? vm.env.onChain.balance(pubkey) ?? 0n;
  }),
  ORIGIN: ask((vm) => addressOf(vm.env.origin)),
  CALLER: ask((vm) => addressOf(vm.caller)),
  ADDRESS: ask((vm) => addressOf(vm.contract)),
  CREATOR: ask((vm) => {
    const contract = findContract(vm.chain, vm.contract);
    if (!contract) throw new Crash('the contract is gone');
    return addressOf(contract.owner.key);
  }),
  GASPRICE: ask((vm) => vm.env.gasPrice),
  GASLIMIT: ask(() => blockGasLimit),
  GAS: ask((vm) => BigInt(vm.gas)),
  FEE: since(
    fate2,
    'fee',
    ask(() => 0n),
  ),
  BENEFICIARY: ask((vm) => addressOf(vm.env.beneficiary)),
  TIMESTAMP: ask((vm) => vm.env.time),
  GENERATION: ask((vm) => vm.env.height),
  DIFFICULTY: ask((vm) => vm.env.difficulty),
  MICROBLOCK: (vm) => vm.abort(aborts.notImplemented('microblock')),
  NETWORK_ID: since(
    fate3,
    'network_id',
    ask((vm) => blob('string', new TextEncoder().encode(vm.env.networkId))),
  ),
  BLOCKHASH: (vm, args) => {
    const height = vm.get(args[1]!);
    if (typeof height !== 'bigint') throw vm.abort(aborts.valueNotOfType(height, 'integer'));
    const now = vm.env.height;
    const latest = vm.vmVersion < fate2 ? now - 1n : now;
    const known = height >= 0n && height <= latest && height > now - hashWindow;
    vm.set(args[0]!, known ? some(blob('bytes', vm.env.blockHash(height))) : none);
  },
  AUTH_TX_HASH: absent(3),
  AUTH_TX: since(fate2, 'auth_tx', absent(8)),
  IS_ORACLE: about((vm, pubkey) => vm.env.onChain.isOracle(pubkey)),
  IS_CONTRACT: about((vm, pubkey) => vm.env.onChain.isContract(pubkey)),
  // off chain the chain asks its own accounts, which know none of the channel's
  IS_PAYABLE: about((vm, pubkey) => vm.env.onChain.isPayable(pubkey)),
  BYTECODE_HASH: since(fate2, 'bytecode_hash', (vm, args) => {
    const contract = vm.get(args[1]!);
    if (!isBlob(contract, 'contract')) throw new Crash('the byte code of what is no contract');
    const loaded = vm.loadCode(contract.bytes);
    if (!loaded) return vm.set(args[0]!, none);
    if (loaded.vmVersion < fate2) throw new Crash('byte code of an old contract');
    const { canonical } = loaded.code;
    vm.spend(canonical.length);
    return vm.set(args[0]!, some(blob('bytes', blake2b256(canonical))));
  }),
};
