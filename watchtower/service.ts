/** One wallet at the desk: its frames are answered one after the other, and it cannot pile them up. */
import type { Clock, Link, Transport } from '../src/engine/ports.ts';
import { equalBytes, toHex } from '../src/protocol/bytes.ts';
import {
  createTowerDecoder,
  encodeTower,
  refusal,
  type TowerMessage,
  TowerWireError,
} from '../src/protocol/tower/messages.ts';

export interface ServiceDeps {
  transport: Transport;
  clock: Clock;
  chainHash: Uint8Array;
  take(from: Uint8Array, message: Extract<TowerMessage, { type: 'guard' }>): Promise<TowerMessage>;
  /** Milliseconds that one account's messages are apart at least. */
  pace: number;
}

/** Frames of one wallet that may wait. A wallet waits for each answer, so it has one. */
const mostWaiting = 32;

export function serve(deps: ServiceDeps): void {
  const links = new Map<string, Link>();

  deps.transport.onLink((link) => {
    const key = toHex(link.peer);
    // One stream for an account: the newer one, since a wallet that restarted knows nothing of the older.
    links.get(key)?.close();
    links.set(key, link);
    const decoder = createTowerDecoder();
    let waiting = 0;
    let tail: Promise<void> = Promise.resolve();
    let greeted = false;

    async function answer(message: TowerMessage): Promise<void> {
      if (links.get(key) !== link) return;
      if (message.type === 'hello') {
        greeted = equalBytes(message.chainHash, deps.chainHash);
        link.send(
          encodeTower(
            greeted
              ? { type: 'welcome', chainHash: deps.chainHash }
              : refusal('other_chain', 'This watchtower watches another chain than your wallet is on.'),
          ),
        );
      } else if (message.type === 'guard' && greeted) {
        link.send(encodeTower(await deps.take(link.peer, message)));
        await new Promise<void>((resolve) => deps.clock.after(deps.pace, resolve));
      } else refuse(`${message.type} is not expected here`);
    }

    function refuse(words: string): void {
      link.send(encodeTower(refusal('malformed', `The watchtower cannot read this: ${words}.`)));
      link.close();
    }

    link.onClose(() => {
      if (links.get(key) === link) links.delete(key);
    });
    link.onData((chunk) => {
      try {
        for (const message of decoder.push(chunk)) {
          waiting += 1;
          if (waiting > mostWaiting) return refuse(`more than ${mostWaiting} messages wait for an answer`);
          tail = tail
            .then(() => answer(message))
            // Nobody waits for it: what is thrown would end the watchtower, with all that it guards.
            .catch(() => link.close())
            .finally(() => {
              waiting -= 1;
            });
        }
      } catch (error) {
        if (!(error instanceof TowerWireError)) throw error;
        refuse(error.message);
      }
    });
  });
}
