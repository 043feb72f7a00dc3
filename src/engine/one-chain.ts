/**
 * One chain and no other: what a node says counts only while it is on the network and the chain that the channels are
 * on. A node may be set up anew, or its address may come to lead somewhere else, in the middle of a channel.
 */
import { equalBytes } from '../protocol/bytes.ts';
import { type Chain, type ChainStatus, ChainUnavailableError } from './ports.ts';

/** What the node says is of another network, or of another chain of that name. */
export class OtherChainError extends ChainUnavailableError {
  override name = 'OtherChainError';
}

export interface Network {
  networkId: string;
  /** Hash of the genesis key block, 32 bytes. */
  chainHash: Uint8Array;
}

/** Why what this node says has nothing to do with the network; null where it is on it. */
export function otherChain(network: Network, status: ChainStatus): string | null {
  if (status.networkId !== network.networkId)
    return `The node is on network ${status.networkId}, your channels are on ${network.networkId}. Nothing it says counts until the right node is set in Settings.`;
  if (!equalBytes(status.chainHash, network.chainHash))
    return `The node calls its network ${status.networkId}, but its chain began with another block than that of your channels. Nothing it says counts until the right node is set in Settings.`;
  return null;
}

/**
 * The chain of `network`: every question but that for the status is turned down, with OtherChainError, from the
 * moment on at which a status was of another one, until one is right again.
 * @param current the node to ask now
 */
export function oneChain(network: Network, current: () => Chain): Chain {
  let problem: string | null = null;
  const whenRight =
    <A extends unknown[], R>(question: (chain: Chain) => (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (problem) throw new OtherChainError(problem);
      return question(current())(...args);
    };
  return {
    async status() {
      const status = await current().status();
      problem = otherChain(network, status);
      if (problem) throw new OtherChainError(problem);
      return status;
    },
    account: whenRight((chain) => chain.account),
    nextNonce: whenRight((chain) => chain.nextNonce),
    post: whenRight((chain) => chain.post),
    transaction: whenRight((chain) => chain.transaction),
    channel: whenRight((chain) => chain.channel),
    keyBlock: whenRight((chain) => chain.keyBlock),
    forced: whenRight((chain) => chain.forced),
    balanceAt: whenRight((chain) => chain.balanceAt),
  };
}
