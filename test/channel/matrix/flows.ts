/**
 * The protocol's flows as data: what the persons want, and how it has to end whatever dies on the way. A wish that was
 * lost before anything of it was durable is wished again, a request by the same id.
 */

import { minFee, type Unpriced } from '../../../src/protocol/chain/fee.ts';
import { offChainContractId } from '../../../src/protocol/chain/ids.ts';
import { signedTx, signingBytes, txHash } from '../../../src/protocol/chain/signed.ts';
import { serializeTx, type Tx } from '../../../src/protocol/chain/tx.ts';
import {
  type Balances,
  type Channel,
  type CoSigned,
  type Event,
  finalId,
  isOver,
  type Request,
  type Terms,
  waitingSolo,
} from '../../../src/protocol/channel/index.ts';
import { proofOfInclusion } from '../../../src/protocol/state/poi.ts';
import { channelTrees } from '../../../src/protocol/state/trees.ts';
import { callData, calling, creation } from '../sophia.ts';
import { ae, keyPair, networkId, payment, signs, standardTerms } from '../world.ts';
import { type ChainParty, ChainWorld } from './chain-world.ts';

type Who = 'alice' | 'bob';

/** Something that a person wants until it is so. */
interface Wish {
  by: Who;
  event: Event;
  /** Whether it has to be said (again). */
  open(channel: Channel): boolean;
}

export interface Flow {
  name: string;
  /** What is there before; default an open channel. */
  start?(): ChainWorld;
  /** Asked in this order, before any message is delivered. */
  requests?: [Who, Request][];
  wishes?: Wish[];
  /** What else happens, once, at the beginning. */
  begin?(world: ChainWorld): void;
  /** The persons' word on an update that takes coins of theirs; default yes. */
  accepts?: boolean;
  ends: 'open' | 'closed' | 'aborted';
  /** What they have in the end, before fees; aetto. */
  balances: Balances;
  /** Other ends that are as good: which of them it is depends on what was lost. */
  orElse?: { ends: Flow['ends']; balances: Balances }[];
  /** Outcomes of the requests; default true. */
  paid?: boolean;
  /** Transactions of one nonce that may be posted; default 3. */
  perNonce?: number;
  /** A party that comes back when the chain has decided. */
  returns?: Who;
}

const opened = () => new ChainWorld().open();
const of = (initiator: bigint, responder: bigint): Balances => ({
  initiator: initiator * ae,
  responder: responder * ae,
});

const shutdown = (by: Who): Wish => ({
  by,
  event: { type: 'shutdown' },
  open: (channel) => channel.phase === 'open',
});
const active = ['open', 'shutting_down', 'closing', 'failed'];
const closeSolo = (by: Who): Wish => ({
  by,
  event: { type: 'close_solo' },
  open: (channel) => active.includes(channel.phase) && !channel.solo && channel.onChain?.lockedUntil === 0,
});
const raiseFee = (by: Who): Wish => ({
  by,
  event: { type: 'raise_fee', fee: ae / 1000n },
  open(channel) {
    const solo = waitingSolo(channel);
    return solo?.kind === 'close_solo' && solo.fee < ae / 1000n;
  },
});
/** Failed, with the coins on the chain. */
const stuck = ({ phase, solo, onChain }: Channel): boolean =>
  phase === 'failed' && !solo && onChain?.lockedUntil === 0;
/** A deposit or withdrawal, until it is so. */
const move = (by: Who, type: 'deposit' | 'withdraw', amount: bigint, initiator: bigint): Wish => ({
  by,
  event: { type, amount },
  open: ({ phase, move, latest, live }) =>
    phase === 'open' && live.link === 'up' && !move && latest?.balances.initiator !== initiator,
});

/** Alice proposes a channel; Bob's person accepts whatever is proposed. */
const openingOf = (terms: Terms): Pick<Flow, 'start' | 'begin' | 'wishes'> => ({
  start: () => new ChainWorld(),
  begin: (world) => world.propose(terms),
  wishes: [
    {
      by: 'bob',
      event: { type: 'accept', minimumDepth: 1 },
      open: ({ phase }) => phase === 'considering',
    },
  ],
});

/** Close or slash by this party with a state that both signed. */
export function soloTx(
  party: ChainParty,
  channel: Channel,
  type: 'ChannelCloseSoloTx' | 'ChannelSlashTx',
  state: CoSigned,
  fee?: bigint,
): Uint8Array {
  const { keys } = channel;
  const offChain = serializeTx({
    type: 'ChannelOffChainTx',
    channelId: finalId(channel),
    round: state.number + 1n,
    stateHash: state.stateHash,
  });
  const trees = channelTrees([
    { pubkey: keys.initiator, balance: state.balances.initiator },
    { pubkey: keys.responder, balance: state.balances.responder },
  ]);
  const unpriced: Unpriced = {
    type,
    channelId: finalId(channel),
    fromId: party.keys.publicKey,
    payload:
      state.source === 'update' ? signedTx(offChain, Object.values(state.signatures)) : new Uint8Array(),
    poi: proofOfInclusion(trees, { accounts: [keys.initiator, keys.responder] }),
    ttl: 0n,
    nonce: party.reserve(),
  };
  const bytes = serializeTx({ ...unpriced, fee: fee ?? minFee(unpriced) } as Tx);
  return signedTx(bytes, [signs(party.keys, signingBytes(networkId, txHash(bytes)))]);
}

/** An open channel in which Alice has paid Bob 1, and then Bob Alice 3; Alice holds 12, Bob 3. */
function withHistory(): { world: ChainWorld; old: CoSigned } {
  const world = opened();
  world.act(world.alice, () => world.alice.post({ type: 'request', request: payment(ae) }));
  world.settle();
  const old = world.alice.channel!.latest!;
  world.act(world.bob, () => world.bob.post({ type: 'request', request: payment(3n * ae) }));
  world.settle();
  return { world, old };
}

/** Alice has made an escrow with 4 AE in it; she holds 6, Bob 5. */
export function withEscrow(): ChainWorld {
  const world = opened();
  world.act(world.alice, () => world.alice.post({ type: 'request', request: creation('escrow', 4n * ae) }));
  world.settle();
  return world;
}
/** Made by Alice in the first update, which is round 2. */
export const escrowKey = (): Uint8Array => offChainContractId(keyPair(1).publicKey, 2n);
/** A recorded call: Bob, the arbiter, releases to himself what Alice put in. */
export const release = 'release(ak_yusDHyWLdAY5eo5okvwqumrmZ2McYwsbFzVV8vpQBU2sfhUur, 4000000000000000000)';

/** Bob, the arbiter, has the chain release to him what Alice put into the escrow. */
export const forceRelease = (): Extract<Event, { type: 'force_progress' }> => ({
  type: 'force_progress',
  contract: escrowKey(),
  callData: callData('escrow', release),
  amount: 0n,
  gas: 1_000_000n,
  gasPrice: 10n ** 9n,
});
const force: Wish = {
  by: 'bob',
  event: forceRelease(),
  open: ({ phase, solo, onChain, latest }) =>
    phase === 'open' && !solo && onChain?.soloRound === 0n && latest?.balances.responder === 5n * ae,
};

/** Bob publishes the state before the last. */
function cheatByBob(gone: boolean): Pick<Flow, 'start' | 'begin'> {
  let old: CoSigned;
  return {
    start() {
      const made = withHistory();
      old = made.old;
      return made.world;
    },
    begin(world) {
      if (gone) world.leave(world.bob);
      world.submit(soloTx(world.bob, world.alice.channel!, 'ChannelCloseSoloTx', old));
      world.bob.heldOnDisk = new Map(world.bob.held);
    },
  };
}

export const flows: Flow[] = [
  { name: 'establish', ...openingOf(standardTerms), ends: 'open', balances: of(10n, 5n) },
  {
    name: 'establish with push',
    ...openingOf({ ...standardTerms, pushAmount: 2n * ae }),
    ends: 'open',
    balances: of(8n, 7n),
  },
  {
    name: 'opening given up half signed',
    start() {
      const world = new ChainWorld();
      world.propose();
      world.settle();
      world.act(world.bob, () => world.bob.post({ type: 'accept', minimumDepth: 1 }));
      // Alice answers the channel_accept by funding_created, which is under way.
      world.deliver(world.alice);
      return world;
    },
    wishes: [
      {
        by: 'alice',
        event: { type: 'abort', reason: 'I changed my mind.' },
        open: ({ phase }) => phase === 'half_signed',
      },
      { ...closeSolo('alice'), open: (channel) => stuck(channel) },
    ],
    ends: 'aborted',
    balances: of(0n, 0n),
    orElse: [
      // Bob completed it before the wish was repeated, or although he was told.
      { ends: 'open', balances: of(10n, 5n) },
      { ends: 'closed', balances: of(10n, 5n) },
    ],
    perNonce: 2,
  },
  {
    name: 'update',
    requests: [['alice', payment(ae, 'pay', 'a coffee')]],
    ends: 'open',
    balances: of(9n, 6n),
  },
  {
    name: 'batch of several requests',
    requests: [1n, 2n, 1n, 1n].map((amount) => ['alice', payment(amount * ae, 'pay', `item ${amount}`)]),
    ends: 'open',
    balances: of(5n, 10n),
  },
  { name: 'ask accepted', requests: [['bob', payment(ae, 'ask')]], ends: 'open', balances: of(9n, 6n) },
  {
    name: 'ask declined',
    requests: [['bob', payment(ae, 'ask')]],
    accepts: false,
    paid: false,
    ends: 'open',
    balances: of(10n, 5n),
  },
  {
    name: 'conflict',
    requests: [
      ['alice', payment(ae)],
      ['bob', payment(2n * ae)],
    ],
    ends: 'open',
    balances: of(11n, 4n),
  },
  {
    name: 'deposit',
    wishes: [move('alice', 'deposit', 2n * ae, 12n * ae)],
    ends: 'open',
    balances: of(12n, 5n),
  },
  {
    name: 'withdrawal',
    wishes: [move('alice', 'withdraw', 3n * ae, 7n * ae)],
    ends: 'open',
    balances: of(7n, 5n),
  },
  {
    name: 'deposit given up half signed',
    start() {
      const world = opened();
      world.act(world.alice, () => world.alice.post({ type: 'deposit', amount: 2n * ae }));
      return world;
    },
    wishes: [
      {
        by: 'alice',
        event: { type: 'abort', reason: 'I changed my mind.' },
        open: ({ phase, move }) =>
          phase === 'open' && !!move && !move.cancel && move.signatures.responder === undefined,
      },
    ],
    ends: 'open',
    balances: of(10n, 5n),
    orElse: [{ ends: 'open', balances: of(12n, 5n) }],
    perNonce: 2,
  },
  {
    name: 'create',
    requests: [['alice', creation('escrow', 2n * ae)]],
    ends: 'open',
    balances: of(8n, 5n),
  },
  {
    name: 'call',
    start: withEscrow,
    // Bob is the arbiter, and releases to himself what Alice put in.
    requests: [['bob', calling('escrow', escrowKey(), release)]],
    ends: 'open',
    balances: of(6n, 9n),
  },
  {
    name: 'calls of both sides at once, and a payment',
    start: withEscrow,
    requests: [
      ['alice', calling('escrow', escrowKey(), 'balance')],
      ['bob', calling('escrow', escrowKey(), release)],
      ['alice', payment(ae)],
    ],
    ends: 'open',
    balances: of(5n, 10n),
  },
  {
    name: 'deposit with contracts',
    start: withEscrow,
    wishes: [move('alice', 'deposit', 2n * ae, 8n * ae)],
    ends: 'open',
    balances: of(8n, 5n),
  },
  {
    // The chain pays the two balances; what the contract holds is lost.
    name: 'close alone with contracts',
    start: withEscrow,
    wishes: [closeSolo('alice')],
    ends: 'closed',
    balances: of(6n, 5n),
  },
  {
    name: 'mutual close after contracts',
    start: withEscrow,
    requests: [['bob', calling('escrow', escrowKey(), release)]],
    wishes: [shutdown('bob')],
    ends: 'closed',
    balances: of(6n, 9n),
  },
  { name: 'force_progress', start: withEscrow, wishes: [force], ends: 'open', balances: of(6n, 9n) },
  {
    name: 'force_progress behind an unanswered call, and a payment',
    start() {
      const world = withEscrow();
      world.act(world.bob, () =>
        world.bob.post({ type: 'request', request: calling('escrow', escrowKey(), 'balance') }),
      );
      world.disconnect();
      return world;
    },
    wishes: [force],
    ends: 'open',
    balances: of(6n, 9n),
  },
  {
    name: 'an unanswered call, forced',
    start() {
      const world = withEscrow();
      world.act(world.bob, () =>
        world.bob.post({ type: 'request', request: calling('escrow', escrowKey(), release) }),
      );
      world.disconnect();
      return world;
    },
    wishes: [force],
    ends: 'open',
    balances: of(6n, 9n),
  },
  { name: 'mutual close', wishes: [shutdown('alice')], ends: 'closed', balances: of(10n, 5n) },
  {
    name: 'mutual close, crossing',
    wishes: [shutdown('alice'), shutdown('bob')],
    ends: 'closed',
    balances: of(10n, 5n),
  },
  {
    name: 'mutual close behind an update',
    requests: [['bob', payment(ae)]],
    wishes: [shutdown('bob')],
    ends: 'closed',
    balances: of(11n, 4n),
  },
  {
    name: 'close alone with a raised fee',
    wishes: [closeSolo('alice'), raiseFee('alice')],
    ends: 'closed',
    balances: of(10n, 5n),
  },
  { name: 'close alone and settle', wishes: [closeSolo('alice')], ends: 'closed', balances: of(10n, 5n) },
  {
    name: 'close alone after updates',
    start: () => withHistory().world,
    wishes: [closeSolo('bob')],
    ends: 'closed',
    balances: of(12n, 3n),
  },
  {
    name: 'close alone behind an unanswered update',
    start() {
      const { world } = withHistory();
      world.act(world.alice, () => world.alice.post({ type: 'request', request: payment(ae) }));
      return world;
    },
    wishes: [closeSolo('alice')],
    ends: 'closed',
    balances: of(12n, 3n),
    // Bob signed the update, and shows it.
    orElse: [{ ends: 'closed', balances: of(11n, 4n) }],
  },
  {
    name: 'close alone, the other side gone until it is settled',
    start: () => withHistory().world,
    begin: (world) => world.leave(world.bob),
    wishes: [closeSolo('alice')],
    returns: 'bob',
    ends: 'closed',
    balances: of(12n, 3n),
  },
  {
    name: 'close alone, the mutual close half signed',
    start() {
      const { world } = withHistory();
      world.act(world.bob, () => world.bob.post({ type: 'shutdown' }));
      world.deliver(world.alice);
      // Alice has sent closing_created; Bob does not come back.
      world.leave(world.bob);
      return world;
    },
    wishes: [closeSolo('alice')],
    ends: 'closed',
    balances: of(12n, 3n),
  },
  {
    name: 'both close alone',
    start: () => withHistory().world,
    wishes: [closeSolo('alice'), closeSolo('bob')],
    ends: 'closed',
    balances: of(12n, 3n),
  },
  {
    name: 'old state slashed, the cheater gone',
    ...cheatByBob(true),
    ends: 'closed',
    balances: of(12n, 3n),
  },
  {
    name: 'old state slashed, both there',
    ...cheatByBob(false),
    ends: 'closed',
    balances: of(12n, 3n),
  },
];

/** Without what cannot pass before its fault is mended. */ export const flowOf = (name: string): Flow => {
  const flow = flows.find((known) => known.name === name);
  if (!flow) throw new Error(`no flow "${name}"`);
  return flow;
};

// ---- running one

export interface Kill {
  who: Who;
  /** Before the effect of this number, counted from the flow's beginning. */
  effect: number;
  /** Whether what is under way then arrives, or is lost with the connection. */
  arrives: boolean;
}

/** Runs a flow to its end, with one death on the way or none. @returns the effects of each side */
export function run(flow: Flow, kill: Kill | null): { world: ChainWorld; effects: Record<Who, number> } {
  const world = (flow.start ?? opened)();
  const before = { alice: world.alice.effects, bob: world.bob.effects };
  if (kill) {
    world.arrives = kill.arrives;
    world[kill.who].killBefore = before[kill.who] + kill.effect;
  }
  flow.begin?.(world);
  say(flow, world);
  for (let round = 0; round < 60; round++) {
    if (flow.returns && isOver(world.alice.channel!)) world.absent.delete(world[flow.returns]);
    world.connect();
    world.settle();
    decide(flow, world);
    say(flow, world);
    world.settle();
    if (finished(flow, world)) break;
    world.mine();
    world.look();
    world.settle();
  }
  return {
    world,
    effects: { alice: world.alice.effects - before.alice, bob: world.bob.effects - before.bob },
  };
}

/** What the persons want and is not so. */
function say(flow: Flow, world: ChainWorld): void {
  const { alice } = world;
  // An opening that ended before anything was committed is begun anew.
  if (flow.ends === 'open' && alice.channel?.phase === 'aborted') flow.begin?.(world);
  for (const [by, request] of flow.requests ?? []) {
    const party = world[by];
    const proposed = party.channel?.proposal?.requests.some(({ id }) => id === request.id);
    const queued = party.channel?.live.queue.some(({ id }) => id === request.id);
    if (party.channel && !proposed && !queued && !party.knows(request.id))
      world.act(party, () => party.post({ type: 'request', request }));
  }
  for (const { by, event, open } of flow.wishes ?? []) {
    const party = world[by];
    // A person who pays and closes, closes behind the payment.
    const paying = (flow.requests ?? []).some(
      ([who, { id }]) =>
        who === by && !party.knows(id) && !party.channel?.proposal?.requests.some((r) => r.id === id),
    );
    if (paying) continue;
    if (party.channel && open(party.channel)) world.act(party, () => party.post(event));
  }
}

/** The persons' words, and the timers that run out. */
function decide(flow: Flow, world: ChainWorld): void {
  for (const party of world.parties) {
    const number = party.channel?.live.incoming?.number;
    if (number !== undefined)
      world.act(party, () => party.post({ type: 'decide_update', number, accept: flow.accepts ?? true }));
    if (party.channel?.live.yielding) world.act(party, () => party.post({ type: 'timer', name: 'yield' }));
  }
}

function finished(flow: Flow, world: ChainWorld): boolean {
  const decided = (flow.requests ?? []).every(([by, { id }]) => world[by].decided.has(id));
  const waiting = world.parties.some(
    ({ channel }) =>
      channel?.proposal ||
      channel?.move ||
      channel?.refusal ||
      channel?.live.incoming ||
      (channel?.phase === 'open' && channel.solo),
  );
  const wished = (flow.wishes ?? []).some(({ by, open }) => world[by].channel && open(world[by].channel));
  if (!decided || wished || (waiting && flow.ends === 'open')) return false;
  const open = world.parties.every(({ channel }) => channel?.phase === 'open');
  if (open && [flow, ...(flow.orElse ?? [])].some(({ ends }) => ends === 'open')) return true;
  if (flow.ends === 'open') return false;
  return world.parties.every(
    (party) =>
      (world.absent.has(party) && !flow.returns) ||
      // What the channel left behind is cleared away too.
      (party.channel && isOver(party.channel) && party.channel.held.length === 0),
  );
}
