/** Transactions that pages may ask to sign, and the labels of their lines: keys of the popup's texts. */
export const txLabels = [
  'to',
  'amount',
  'fee',
  'gasCost',
  'nonce',
  'ttl',
  'payload',
  'contract',
  'callData',
  'code',
  'deposit',
  'name',
  'nameId',
  'nameFee',
  'pointer',
  'commitment',
  'oracle',
  'query',
  'queryFee',
  'format',
  'nameTtl',
  'clientTtl',
  'queryTtl',
  'responseTtl',
  'oracleTtl',
  'other',
] as const;
export type TxLabel = (typeof txLabels)[number];

/** The names of the node's API, which people can look up. */
export const txNames = [
  'SpendTx',
  'NameClaimTx',
  'NamePreclaimTx',
  'NameUpdateTx',
  'NameRevokeTx',
  'NameTransferTx',
  'ContractCreateTx',
  'ContractCallTx',
  'OracleQueryTx',
  'OracleRegisterTx',
] as const;
export type TxName = (typeof txNames)[number];
