/** The FATE virtual machine of a channel. */
export { type Applied, applyContractEntry, pruneCalls, type UpdateEnv } from './apply.ts';
export {
  CodeError,
  type ContractCode,
  type FateCode,
  functionId,
  parseByteCode,
  parseContractCode,
  serializeContractCode,
} from './bytecode.ts';
export { findContract } from './chain.ts';
export {
  type CallObject,
  type Contract,
  callId,
  callKey,
  type LogEntry,
  parseCall,
  parseContract,
  serializeCall,
  serializeContract,
} from './contract.ts';
export { DecodeError, decode } from './decode.ts';
export { encode } from './encode.ts';
export { parseCallData } from './engine.ts';
export { Crash } from './failure.ts';
export type { Value } from './value.ts';
export { type CallEnv, nothingOnChain, type OnChain } from './vm.ts';
