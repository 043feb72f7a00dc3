/** Mines by the clock: key blocks at a steady pace, a micro block shortly after a transaction came. */
import type { MicroBlock } from './blocks.ts';
import type { Chain } from './chain.ts';

export interface Pace {
  /** Milliseconds between key blocks; 0 mines them on demand only. */
  keyBlockMs: number;
  /** Milliseconds from a transaction's arrival to its micro block; 0 mines them on demand only. */
  microBlockMs: number;
}

export class Miner {
  readonly #chain: Chain;
  readonly #pace: Pace;
  readonly #now: () => number;
  readonly #keyTimer: NodeJS.Timeout | undefined;
  #microTimer: NodeJS.Timeout | undefined;

  constructor(chain: Chain, pace: Pace, now: () => number) {
    this.#chain = chain;
    this.#pace = pace;
    this.#now = now;
    if (pace.keyBlockMs > 0) this.#keyTimer = setInterval(() => this.mineKeys(1), pace.keyBlockMs);
    this.wake();
  }

  /** Something may be there to mine. */
  wake(): void {
    if (this.#pace.microBlockMs === 0 || this.#microTimer || this.#chain.pool.size === 0) return;
    this.#microTimer = setTimeout(() => {
      this.#microTimer = undefined;
      // A full block leaves work for the next one; what cannot be applied waits for the next key block.
      if (this.mineMicro()) this.wake();
    }, this.#pace.microBlockMs);
  }

  mineKeys(count: number): void {
    for (let i = 0; i < count; i += 1) this.#chain.mineKey(this.#now());
    this.wake();
  }

  mineMicro(): MicroBlock | undefined {
    return this.#chain.mineMicro(this.#now());
  }

  stop(): void {
    clearInterval(this.#keyTimer);
    clearTimeout(this.#microTimer);
    this.#microTimer = undefined;
  }
}
