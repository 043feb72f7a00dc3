/** What listeners of a Channel hear: the wallet's events under the names of aepp-sdk's Channel. */
import { ChannelError } from './errors.ts';
import { type ChannelStatus, type Phase, statusOf } from './status.ts';
import type { WalletEvent } from './types.ts';

/** A co-signed state as pages know it. Amounts are decimal strings of aetto. */
export interface ChannelState {
  /** As the chain counts: the draft's sequence_number, and one. */
  round: number;
  sequenceNumber: string;
  /** By account, `ak_`. */
  balances: Record<string, string>;
}

export interface ChannelEvents {
  statusChanged(status: ChannelStatus): unknown;
  stateChanged(state: ChannelState): unknown;
  /** The signed transaction, `tx_`. `type` is the chain's name of it. */
  onChainTx(tx: string, details: { info: string; type: string; txHash: string }): unknown;
  /** Deposits and withdrawals of either side. Both sides are told at once here. */
  ownDepositLocked(details: Record<string, string>): unknown;
  depositLocked(details: Record<string, string>): unknown;
  ownWithdrawLocked(details: Record<string, string>): unknown;
  withdrawLocked(details: Record<string, string>): unknown;
  /** The text; empty where `hex` is what came, bytes that are no text. */
  message(message: string, details: { hex?: string }): unknown;
  /** A contract that the other side, or a contract, made. */
  newContract(contract: string, details: { by: string; codeHash?: string }): unknown;
  peerDisconnected(): unknown;
  channelReestablished(): unknown;
  /** The other side asks for coins; the person decides in the wallet. */
  proposed(details: Record<string, string>): unknown;
  budgetChanged(details: Record<string, string>): unknown;
  error(error: ChannelError): unknown;
  /** Every event of this channel, as the wallet tells it. */
  event(event: WalletEvent): unknown;
}
export type EventName = keyof ChannelEvents;

/** One call of listeners. */
export type Emission = { [E in EventName]: [E, ...Parameters<ChannelEvents[E]>] }[EventName];

const names: ReadonlySet<string> = new Set<EventName>([
  'statusChanged',
  'stateChanged',
  'onChainTx',
  'ownDepositLocked',
  'depositLocked',
  'ownWithdrawLocked',
  'withdrawLocked',
  'message',
  'newContract',
  'peerDisconnected',
  'channelReestablished',
  'proposed',
  'budgetChanged',
  'error',
  'event',
]);
export const isEventName = (name: string): boolean => names.has(name);

/** The chain's names of the transactions that a channel makes, and what the node says beside. */
const transactions: Record<string, { info: string; type: string }> = {
  funding: { info: 'funding_signed', type: 'channel_create_tx' },
  deposit: { info: 'deposit_signed', type: 'channel_deposit_tx' },
  withdrawal: { info: 'withdraw_signed', type: 'channel_withdraw_tx' },
  close: { info: 'channel_closed', type: 'channel_close_mutual_tx' },
  close_solo: { info: 'solo_closing', type: 'channel_close_solo_tx' },
};

/** What an event of the wallet is to listeners, beside `event`. `statusChanged` may repeat the last status. */
export function emissionsOf(event: WalletEvent, sides: { own: string; peer: string }): Emission[] {
  const { type, detail, sequenceNumber } = event;
  switch (type) {
    case 'statusChanged':
      return [['statusChanged', statusOf(detail.phase as Phase)]];
    case 'stateChanged':
      return [['stateChanged', stateOf(sequenceNumber ?? '0', detail.mine!, detail.theirs!, sides)]];
    case 'onChainTx': {
      const { what = '', txHash = '', tx = '' } = detail;
      return [['onChainTx', tx, { ...(transactions[what] ?? { info: what, type: what }), txHash }]];
    }
    case 'depositLocked':
      return [
        ['ownDepositLocked', detail],
        ['depositLocked', detail],
      ];
    case 'withdrawLocked':
      return [
        ['ownWithdrawLocked', detail],
        ['withdrawLocked', detail],
      ];
    case 'message':
      return [['message', detail.text ?? '', detail.hex === undefined ? {} : { hex: detail.hex }]];
    case 'newContract': {
      const { contract = '', by = '', codeHash } = detail;
      return by === 'me' ? [] : [['newContract', contract, { by, ...(codeHash ? { codeHash } : {}) }]];
    }
    case 'proposed':
      return [['proposed', detail]];
    case 'budgetChanged':
      return [['budgetChanged', detail]];
    case 'error':
      return [['error', new ChannelError('internal', detail.message ?? '')]];
    default:
      return [];
  }
}

export const stateOf = (
  sequenceNumber: string,
  mine: string,
  theirs: string,
  { own, peer }: { own: string; peer: string },
): ChannelState => ({
  round: Number(sequenceNumber) + 1,
  sequenceNumber,
  balances: { [own]: mine, [peer]: theirs },
});
