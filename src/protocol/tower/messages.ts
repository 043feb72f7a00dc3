/**
 * What a wallet and its watchtower say to each other, over a stream of its own: frames of a 4-byte length and one
 * object in the chain's own serialized form. The stream is encrypted, and each end is the account that it says.
 */
import { bigintToFixedBytes, bytesToBigint, concatBytes } from '../bytes.ts';
import { binary, channel, hash, int, type ObjectOf, readAny, writeObject } from '../chain/layout.ts';

/** Names the stream among libp2p's protocols. */
export const towerProtocol = '/tandem/watchtower/1';

/** The most bytes of one frame's object: far more than a state of balances takes. */
export const maxFrame = 65_536;

const layouts = {
  /** Wallet: which chain its channels are on. */
  hello: { tag: 1, version: 1, fields: { chainHash: hash } },
  /** Watchtower: the chain that it watches. */
  welcome: { tag: 2, version: 1, fields: { chainHash: hash } },
  /** Wallet: what a slash needs, and nothing else. The payload names the channel and the round. */
  guard: {
    tag: 3,
    version: 1,
    fields: {
      /** Signed ChannelOffChainTx. */
      payload: binary,
      /** Serialized proof of inclusion of both balances. */
      poi: binary,
    },
  },
  /** Watchtower: this round is on its disk. */
  guarded: { tag: 4, version: 1, fields: { channelId: channel, round: int } },
  /** Watchtower: nothing changed. */
  refused: {
    tag: 5,
    version: 1,
    fields: {
      /** The round that it holds of that channel; 0 for none, and where the reason forbids telling. */
      round: int,
      /** A word for programs. */
      code: binary,
      /** A sentence for a person. */
      text: binary,
    },
  },
} as const;

export type TowerMessage = ObjectOf<typeof layouts>;

/** Bytes that are no message of this protocol; the text says what is wrong. */
export class TowerWireError extends Error {
  override name = 'TowerWireError';
}
const failure = (message: string) => new TowerWireError(message);

/** A whole frame. @throws TowerWireError where the message is too large */
export function encodeTower(message: TowerMessage): Uint8Array {
  const body = writeObject(layouts[message.type], message.type, message, failure);
  if (body.length > maxFrame)
    throw failure(`${message.type} takes ${body.length} bytes: a watchtower takes at most ${maxFrame}`);
  return concatBytes(bigintToFixedBytes(BigInt(body.length), 4), body);
}

export interface TowerDecoder {
  /** The messages that these bytes complete. @throws TowerWireError where they can be none; then it is dead. */
  push(chunk: Uint8Array): TowerMessage[];
}

/** A stream of frames, cut anywhere. Holds one unfinished frame at most. */
export function createTowerDecoder(): TowerDecoder {
  let held = new Uint8Array();
  let dead = false;
  return {
    push(chunk) {
      if (dead) throw failure('the stream was malformed before');
      held = new Uint8Array(concatBytes(held, chunk));
      const messages: TowerMessage[] = [];
      try {
        for (;;) {
          if (held.length < 4) return messages;
          const length = Number(bytesToBigint(held.subarray(0, 4)));
          if (length === 0 || length > maxFrame)
            throw failure(`a frame of ${length} bytes was announced: one has 1 to ${maxFrame}`);
          if (held.length < 4 + length) return messages;
          messages.push(readAny(layouts, 'watchtower message', held.subarray(4, 4 + length), failure));
          held = held.slice(4 + length);
        }
      } catch (error) {
        dead = true;
        throw error;
      }
    },
  };
}

const utf8 = new TextEncoder();
/** Why nothing changed. */
export const refusal = (code: string, text: string, round = 0n): TowerMessage => ({
  type: 'refused',
  round,
  code: utf8.encode(code),
  text: utf8.encode(text.slice(0, 500)),
});

/** The other side's text, for people: never markup. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, 2_000));
