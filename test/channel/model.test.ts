/**
 * Two machines over a wire that breaks and processes that die at any effect, under random wishes. Whatever happens:
 * coins are conserved, the reserve is kept, no number is signed twice (world.ts `checkNumber`), a paid request was paid once, and once the
 * wire holds both sides agree.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ae, balancesOf, payment, sameState, standardTerms, World } from './world.ts';

type Who = 'alice' | 'bob';
type Step =
  | { do: 'request'; who: Who; amount: number; ask: boolean }
  | { do: 'deliver'; who: Who; count: number }
  | { do: 'decide'; who: Who; accept: boolean }
  | { do: 'break' }
  | { do: 'connect' }
  | { do: 'kill'; who: Who }
  | { do: 'kill_at'; who: Who; after: number }
  | { do: 'yielded'; who: Who }
  | { do: 'flush'; who: Who };

const who = fc.constantFrom<Who>('alice', 'bob');
const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      who,
      amount: fc.integer({ min: 1, max: 12 }),
      ask: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), who, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('decide' as const), who, accept: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: 'break' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'connect' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('kill_at' as const), who, after: fc.integer({ min: 0, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('yielded' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), who }) },
);

function take(world: World, step: Step): void {
  switch (step.do) {
    case 'request': {
      const party = world[step.who];
      const request = payment(BigInt(step.amount) * (ae / 2n), step.ask ? 'ask' : 'pay');
      return world.guard(party, () => party.post({ type: 'request', request }));
    }
    case 'deliver':
      for (let i = 0; i < step.count; i++) world.deliver(world[step.who]);
      return;
    case 'decide': {
      const party = world[step.who];
      const number = party.channel!.live.incoming?.number;
      if (number === undefined) return;
      return world.guard(party, () => party.post({ type: 'decide_update', number, accept: step.accept }));
    }
    case 'break':
      return world.disconnect();
    case 'connect':
      return world.connect();
    case 'kill':
      return world.kill(world[step.who]);
    case 'kill_at':
      world[step.who].killBefore = world[step.who].effects + step.after;
      return;
    case 'flush': {
      const party = world[step.who];
      return world.guard(party, () => party.flush());
    }
    case 'yielded': {
      const party = world[step.who];
      return world.guard(party, () => party.post({ type: 'timer', name: 'yield' }));
    }
  }
}

const total = standardTerms.initiatorAmount + standardTerms.responderAmount;

function invariants(world: World): void {
  for (const party of [world.alice, world.bob]) {
    const { initiator, responder } = balancesOf(party);
    expect(initiator + responder).toBe(total);
    expect(initiator).toBeGreaterThanOrEqual(standardTerms.channelReserve);
    expect(responder).toBeGreaterThanOrEqual(standardTerms.channelReserve);
    expect(party.channel!.phase, party.channel!.reason ?? '').toBe('open');
  }
}

/** The wire holds, persons answer, timers run: both must come to rest in one state. */
function calm(world: World): void {
  for (const party of [world.alice, world.bob]) party.killBefore = null;
  for (let round = 0; round < 20; round++) {
    world.connect();
    world.settle();
    for (const party of [world.alice, world.bob]) {
      const number = party.channel!.live.incoming?.number;
      if (number !== undefined) party.post({ type: 'decide_update', number, accept: true });
      if (party.channel!.live.yielding) party.post({ type: 'timer', name: 'yield' });
    }
    world.settle();
    const quiet = [world.alice, world.bob].every(
      ({ channel }) =>
        !channel!.proposal &&
        !channel!.refusal &&
        !channel!.live.incoming &&
        channel!.live.queue.length === 0,
    );
    if (quiet) return;
  }
  throw new Error('the channel does not come to rest');
}

const runs = Number(process.env.TANDEM_MODEL_RUNS ?? 400);

test(`two machines agree or nothing was lost, over a network that breaks and kills (${runs} runs)`, () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 20, maxLength: 120, size: 'max' }), (sequence) => {
      const world = new World().open();
      for (const step of sequence) {
        take(world, step as Step);
        invariants(world);
        taken += 1;
      }
      calm(world);
      invariants(world);
      expect(sameState(world.alice, world.bob)).toBe(true);
      // What was answered `paid` was paid, once: the balance follows from the outcomes.
      let expected = standardTerms.initiatorAmount;
      for (const item of world.alice.history) {
        if (item.kind === 'paid') expected -= item.amount!;
        if (item.kind === 'received') expected += item.amount!;
      }
      expect(balancesOf(world.alice).initiator).toBe(expected);
      for (const party of [world.alice, world.bob]) {
        const ids = party.outcomes.filter((outcome) => outcome.ok).map((outcome) => outcome.id);
        expect(new Set(ids).size).toBe(ids.length);
        // Told before it was durable: it was so, whatever died since.
        for (const [id, told] of party.told) if (told.includes(true)) expect(ids).toContain(id);
      }
    }),
    { numRuns: runs },
  );
  console.log(`model: ${taken} steps`);
}, 300_000);
