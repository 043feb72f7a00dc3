export { closeQuote, closingBytes, closingTxHash } from './close.ts';
export {
  type CalledFunction,
  type ContractThere,
  calledFunction,
  codeOf,
  contractsOf,
  creationIn,
} from './contract-list.ts';
export {
  blockOf,
  callStatic,
  codeHash,
  contractEntry,
  isContractBatch,
  maxGas,
  minGasPrice,
  type Preview,
  preview,
} from './contracts.ts';
export {
  absence,
  answerTo,
  closeSoloFee,
  isForcedAhead,
  isOldForced,
  isSlashable,
  type SlashMaterial,
  slashMaterial,
  soloTxHash,
} from './dispute.ts';
export { entriesOf, noteOf } from './entries.ts';
export {
  consider,
  createTx,
  feeSteps,
  fundingBytes,
  fundingTxHash,
  gasPrice,
  initiate,
} from './establish.ts';
export { type ForceQuote, forceQuote, snapshotFee, unsignedCall } from './forced.ts';
export { isHalfSigned, nonceSearch, unspent } from './held.ts';
export { type Timer, timers } from './liveness.ts';
export { type EventKey, eventKeys, outcomeName, step } from './machine.ts';
export { bothSigned, bytesOf as moveBytes, moveFee, moveTxHash, tookEffect } from './move.ts';
export { raisedFee, waitingSolo } from './raise-fee.ts';
export {
  finalId,
  idle,
  isCommitted,
  isMissed,
  isOver,
  moveUndone,
  other,
  ownKey,
  peerKey,
  spendable,
  undoneMoves,
  wireId,
} from './record.ts';
export { fromChain, isEmptyHanded } from './recover.ts';
export { openingBalances, policyProblem, termsProblem } from './terms.ts';
export { coinsOf, hashOfState, heldByContracts, stateFrom, treesOf } from './trees.ts';
export * from './types.ts';
export { AmountError, fromUnits, inAe, toUnits, unit } from './units.ts';
