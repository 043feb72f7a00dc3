/** Why nodes refuse transactions, in plain words. */
import { TransactionRefusedError } from './ports.ts';

const sentences: Record<string, string> = {
  nonce_too_low: 'its number in the account was used already: another transaction of this account came first',
  nonce_too_high: 'transactions before it are missing: wait until they are in a block',
  ttl_expired: 'it came too late: its deadline has passed',
  signature_check_failed: 'a signature is missing, wrong or superfluous',
  insufficient_balance: 'the account does not hold enough for the amount and the fee',
  account_not_found: 'the account is not on the chain yet: coins must be sent to it first',
  too_low_fee: 'its fee is below what the chain asks',
  too_low_gas_price_for_miner: 'its fee is below what the miners ask at present',
  too_low_gas_price: 'its gas price is below what the chain asks',
  too_high_gas_limit: 'it may use more gas than fits into a block',
  gas_limit_exceeded: 'it uses more gas than fits into a block',
  broken_tx: 'the node cannot read it',
  invalid_encoding: 'the node cannot read it',
  illegal_transaction: 'it breaks a rule of the chain',
  invalid_at_protocol: 'the chain does not allow transactions of this kind now',
  channel_does_not_exist: 'there is no such channel on the chain',
};

/** @param reason the node's own word; @param words what else it said, undefined where nothing */
export function refused(reason: string, words?: string): TransactionRefusedError {
  const why = Object.hasOwn(sentences, reason) ? sentences[reason] : words;
  const said = why ? `${why} (${reason})` : reason;
  return new TransactionRefusedError(reason, `The chain refused the transaction: ${said}.`);
}
