/**
 * Calls that change something, kept from before they are sent until their outcome is known. Each has a requestId, so that
 * repeating it after a reload gives the first outcome and never acts twice.
 */
import { readJson, type Storage } from './storage.ts';
import type { Method, ParamsOf } from './types.ts';

type Changing = {
  [M in Method]: ParamsOf<M> extends { requestId: string } ? M : never;
}[Method];

export type Wish = {
  [M in Changing]: {
    requestId: string;
    method: M;
    params: Omit<ParamsOf<M>, 'requestId'>;
    /** Number of the last event known when it was made: what it brings about is told above it. */
    after: number;
  };
}[Changing];

export class Wishes {
  readonly #storage: Storage;
  readonly #key: string;
  /** One change of the list after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  /** @param of what they are about: a channel's id, or a peer's account */
  constructor(storage: Storage, of: string) {
    this.#storage = storage;
    this.#key = `tandem.wishes.${of}`;
  }

  /** Oldest first. */
  async list(): Promise<Wish[]> {
    const kept = await readJson<Wish[]>(this.#storage, this.#key);
    return Array.isArray(kept) ? kept : [];
  }

  put(wish: Wish): Promise<void> {
    return this.#change((list) => [...list.filter(({ requestId }) => requestId !== wish.requestId), wish]);
  }

  remove(id: string): Promise<void> {
    return this.#change((list) => list.filter(({ requestId }) => requestId !== id));
  }

  #change(make: (list: Wish[]) => Wish[]): Promise<void> {
    const work = this.#tail.then(async () => {
      const list = make(await this.list());
      if (list.length > 0) await this.#storage.setItem(this.#key, JSON.stringify(list));
      else await this.#storage.removeItem(this.#key);
    });
    this.#tail = work.catch(() => undefined);
    return work;
  }
}

/** A name that no other wish has. */
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
