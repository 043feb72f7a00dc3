import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventOrder } from '../../src/content/events.ts';
import { event } from './fakes.ts';

function orderUnderTest() {
  const told: number[] = [];
  const fetches: number[] = [];
  const order = new EventOrder({
    deliver: ({ number }) => told.push(number),
    fetch: (after) => fetches.push(after),
  });
  return { order, told, fetches };
}

describe('order of events', () => {
  it('a gap is filled before what follows it is told', () => {
    const { order, told, fetches } = orderUnderTest();
    order.receive(event(4));
    order.receive(event(7));
    order.receive(event(8));
    expect(told).toEqual([4]);
    expect(fetches).toEqual([4]);
    order.fetched([event(5), event(6), event(7)]);
    expect(told).toEqual([4, 5, 6, 7, 8]);
  });

  it('events that the worker no longer keeps do not hold back the later ones', () => {
    const { order, told } = orderUnderTest();
    order.receive(event(1));
    order.receive(event(600));
    order.fetched([event(101), event(600)]);
    expect(told).toEqual([1, 101, 600]);
  });

  it('an event that came before the first answer is told although that answer holds it', () => {
    const { order, told } = orderUnderTest();
    order.connected();
    order.receive(event(3));
    order.fetched([event(1), event(2), event(3)]);
    expect(told).toEqual([3]);
  });

  it('an event that waited when the connection broke is fetched again', () => {
    const { order, told, fetches } = orderUnderTest();
    order.connected();
    order.receive(event(3));
    order.disconnected();
    order.connected();
    expect(fetches).toEqual([0, 2]);
    order.fetched([event(3), event(4)]);
    expect(told).toEqual([3, 4]);
  });

  it('whatever is lost or doubled on the way, every number from the first is told once, rising', () => {
    const step = fc.record({
      live: fc.boolean(),
      twice: fc.boolean(),
      cut: fc.boolean(),
      slow: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const { order, told, fetches } = orderUnderTest();
        const stored: ReturnType<typeof event>[] = [];
        /** The worker answers what is asked. */
        const serve = () => {
          for (let after = fetches.pop(); after !== undefined; after = fetches.pop())
            order.fetched(stored.filter(({ number }) => number > after!));
        };
        order.connected();
        serve();
        for (const { live, twice, cut, slow } of steps) {
          const next = event(stored.length + 1);
          stored.push(next);
          if (live) order.receive(next);
          if (live && twice) order.receive(next);
          if (cut) {
            fetches.length = 0;
            order.disconnected();
            order.connected();
          }
          if (!slow) serve();
        }
        serve();
        order.connected();
        serve();
        expect(told).toEqual(stored.map(({ number }) => number));
      }),
    );
  });
});
