/** Contracts that a real compiler made, and calls of them, taken from the node's vectors. */
import { fromHex } from '../../src/protocol/bytes.ts';
import type { Request } from '../../src/protocol/channel/index.ts';
import { parseEntry } from '../../src/protocol/state/entries.ts';
import { readVectors } from '../vm/replay.ts';
import { payment } from './world.ts';

interface Recorded {
  file: string;
  create_update_hex: string;
  calls: { call: string; update_hex: string }[];
}
const recorded = (readVectors('fate_offchain.json') as { contracts: Recorded[] }).contracts;

export type ContractName = 'identity' | 'counter' | 'ledger' | 'escrow' | 'aborter' | 'tictactoe';

const of = (name: ContractName): Recorded => recorded.find(({ file }) => file === `${name}.aes`)!;

/** A wish to make the contract; `init` arguments as recorded. */
export function creation(name: ContractName, deposit = 0n): Request {
  const entry = parseEntry(fromHex(of(name).create_update_hex));
  if (entry.type !== 'create') throw new Error(`no creation of ${name}`);
  const { ctVersion, code, callData } = entry;
  return { ...payment(deposit), contract: { type: 'create', ctVersion, code, callData } };
}

/** Calldata of a recorded call whose text begins so. */
export function callData(name: ContractName, call: string): Uint8Array {
  const found = of(name).calls.find((one) => one.call.startsWith(call));
  const entry = parseEntry(fromHex(found!.update_hex));
  if (entry.type !== 'call') throw new Error(`no call ${call} of ${name}`);
  return entry.callData;
}

/** A wish to call the contract as it was recorded. */
export function calling(name: ContractName, contract: Uint8Array, call: string, amount = 0n): Request {
  return {
    ...payment(amount),
    contract: {
      type: 'call',
      contract,
      abiVersion: 3n,
      gas: 1_000_000n,
      gasPrice: 10n ** 9n,
      callData: callData(name, call),
    },
  };
}
