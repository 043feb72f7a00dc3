/** What happened to a channel between two looks at it, as pages hear of it. Pure. */
import { toHex } from '../../protocol/bytes.ts';
import { encode } from '../../protocol/chain/address.ts';
import { txHash } from '../../protocol/chain/signed.ts';
import {
  bothSigned,
  type Channel,
  closingBytes,
  contractsOf,
  fundingBytes,
  moveBytes,
} from '../../protocol/channel/index.ts';
import type { PageEvent } from '../../rpc/page.ts';
import { makerOf, sidesView } from '../view.ts';

/** What pages were told of a channel last: stored with the events, so that a restart knows what is still to tell. */
export interface Told {
  phase: string;
  /** Sequence number of the latest co-signed state. */
  number: string | null;
  /** Sequence number of the peer's update that waits for the person. */
  incoming: string | null;
  /** The deposit or withdrawal that is under way. `by`: what was stored before there was this lacks it. */
  move: { kind: 'deposit' | 'withdrawal'; number: string; amount: string; by?: 'me' | 'peer' } | null;
  /** Hash of the transaction that is on its way to the chain, and what it is. */
  tx: { what: string; hash: string } | null;
  reason: string | null;
  /** Contracts of that state, `ct_`. What was stored before there were any lacks it. */
  contracts?: string[];
}

export type Change = Pick<PageEvent, 'type' | 'detail'>;

export function toldOf(channel: Channel): Told {
  const { live, move, latest } = channel;
  return {
    phase: channel.phase,
    number: latest?.number.toString() ?? null,
    incoming: live.incoming?.number.toString() ?? null,
    move: move && {
      kind: move.kind,
      number: move.number.toString(),
      amount: move.amount.toString(),
      by: move.by === channel.role ? 'me' : 'peer',
    },
    tx: hashed(txOf(channel)),
    reason: channel.reason,
    contracts: latest ? contractsOf(channel, latest).map(({ contract }) => encode('ct', contract)) : [],
  };
}

const hashed = (tx: ReturnType<typeof txOf>): Told['tx'] =>
  tx && { what: tx.what, hash: encode('th', txHash(tx.bytes)) };

function txOf(channel: Channel): { what: string; bytes: Uint8Array } | null {
  const { phase, move } = channel;
  if ((phase === 'confirming' || phase === 'locking') && channel.funding)
    return { what: 'funding', bytes: fundingBytes(channel) };
  if (phase === 'closing_confirming' && channel.closing)
    return { what: 'close', bytes: closingBytes(channel) };
  if (phase === 'closing_solo' && channel.solo) return { what: 'close_solo', bytes: channel.solo.signedTx };
  if (move && bothSigned(move)) return { what: move.kind, bytes: moveBytes(move) };
  return null;
}

/** @param before null where nothing was told yet */
export function changesOf(before: Told | null, channel: Channel, now: Told = toldOf(channel)): Change[] {
  const changes: Change[] = [];
  const add = (type: Change['type'], detail: Change['detail']) => changes.push({ type, detail });

  const tx = txOf(channel);
  if (tx && now.tx && now.tx.hash !== before?.tx?.hash)
    add('onChainTx', { what: tx.what, txHash: now.tx.hash, tx: encode('tx', tx.bytes) });
  if (before?.phase !== now.phase) add('statusChanged', { phase: now.phase });
  if (channel.latest && before?.number !== now.number) {
    add('stateChanged', sidesView(channel.latest.balances, channel.role));
    for (const { contract, owner, codeHash } of contractsOf(channel, channel.latest)) {
      const name = encode('ct', contract);
      if (before?.contracts?.includes(name)) continue;
      add('newContract', {
        contract: name,
        by: makerOf(owner, channel.role),
        ...(codeHash ? { codeHash: toHex(codeHash) } : {}),
      });
    }
  }
  if (before?.move && before.move.number !== now.move?.number) {
    const { kind, number, amount, by } = before.move;
    const last = channel.lastMove?.move.number ?? -1n;
    const ofMove: Change['detail'] = by ? { amount, by } : { amount };
    // One that was given up leaves its number behind: only what both locked is the last move.
    if (last >= BigInt(number)) add(kind === 'deposit' ? 'depositLocked' : 'withdrawLocked', ofMove);
    else add('error', { message: `The ${kind} was given up.`, what: kind, ...ofMove });
  }
  if (channel.live.incoming && channel.latest && before?.incoming !== now.incoming) {
    const { incoming } = channel.live;
    const amount = channel.latest.balances[channel.role] - incoming.balances[channel.role];
    add('proposed', { sequenceNumber: incoming.number.toString(), amount: amount.toString() });
  }
  if (now.reason !== null && before?.reason !== now.reason) add('error', { message: now.reason });
  return changes;
}

/** An inband message as it goes into an event: its text, or its bytes where they are no text. */
export function messageDetail(data: Uint8Array): Change['detail'] {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    return { hex: toHex(data) };
  }
}
