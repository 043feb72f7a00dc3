/** Keeps a slot at a relay: reserves it, notices its loss, reserves again with growing pauses. */
import type { Listener } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';

/** Milliseconds between attempts: doubled from the first to the longest, with a little chance in it. */
const firstPause = 500;
const longestPause = 30_000;

export interface Reservation {
  /** True while others reach us over the relay. */
  held(): boolean;
  /** Call when a listener opened, changed or closed. */
  check(): void;
  stop(): void;
}

interface Deps {
  relay: Multiaddr;
  listen(address: Multiaddr): Promise<void>;
  /** All listeners of the node. */
  listeners(): Listener[];
  /** Lets the relay be tried again after libp2p wrote it off. */
  forgive(): void;
  changed(): void;
}

export function keepReservation(deps: Deps): Reservation {
  const own = new Set(deps.listeners());
  const circuits = () => deps.listeners().filter((listener) => !own.has(listener));
  const held = () => circuits().some((listener) => listener.getAddrs().length > 0);
  const address = deps.relay.encapsulate('/p2p-circuit');
  let stopped = false;
  let trying = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function reserve(): Promise<void> {
    if (stopped || trying || held()) return;
    trying = true;
    try {
      deps.forgive();
      // A listener whose slot was lost never gets it back.
      for (const listener of circuits()) await listener.close();
      await deps.listen(address);
    } catch {
      // The relay is down or full: tried again below.
    }
    trying = false;
    if (stopped) return;
    failures = held() ? 0 : failures + 1;
    deps.changed();
    check();
  }

  function check(): void {
    if (stopped || trying || timer || held()) return;
    const pause = failures === 0 ? 0 : Math.min(firstPause * 2 ** (failures - 1), longestPause);
    timer = setTimeout(
      () => {
        timer = null;
        void reserve();
      },
      pause * (0.75 + Math.random() / 2),
    );
  }

  return {
    held: () => !stopped && held(),
    check,
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
