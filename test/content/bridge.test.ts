import { describe, expect, it } from 'vitest';
import { maxInFlight, maxRequestBytes } from '../../src/content/frames.ts';
import { ExtensionGoneError } from '../../src/content/worker-link.ts';
import { bridgeUnderTest, event } from './fakes.ts';

const transfer = { id: 'a'.repeat(64), amount: '1', requestId: 'order-1' };
const errorOf = (frame: Record<string, unknown> | undefined) =>
  frame?.error as { code: number; message: string };

describe('what a page may send', () => {
  it('a page that asks nothing never starts the worker', () => {
    const { ports, bridge } = bridgeUnderTest();
    bridge.hide();
    bridge.show();
    expect(ports).toHaveLength(0);
  });

  it('a request goes to the worker under an id of the bridge, and its answer back under the page’s', () => {
    const { request, port, page } = bridgeUnderTest();
    request(7, 'connect');
    expect(port().last()).toMatchObject({ method: 'connect', params: {} });
    port().answer({ kind: 'result', id: port().last().id, result: { address: 'ak_x' } });
    expect(page).toEqual([{ kind: 'result', id: 7, result: { address: 'ak_x' } }]);
  });

  it.each(['eth_sendTransaction', 'constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
    'method "%s" is refused with 4200 and reaches no worker',
    (method) => {
      const { request, ports, page } = bridgeUnderTest();
      request(1, method);
      expect(errorOf(page[0]).code).toBe(4200);
      expect(ports).toHaveLength(0);
    },
  );

  it.each([
    ['no JSON', '{'],
    ['no object', '3'],
    ['null', 'null'],
    ['an object of the page instead of text', { kind: 'request', id: 1, method: 'connect' }],
    ['an id that is no number', '{"kind":"request","id":"1","method":"connect"}'],
    ['a method that is no text', '{"kind":"request","id":1,"method":["connect"]}'],
    ['a frame of another kind', '{"kind":"result","id":1}'],
  ])('%s is left out', (_, frame) => {
    const { bridge, ports, page } = bridgeUnderTest();
    bridge.receive(frame);
    expect([ports.length, page.length]).toEqual([0, 0]);
  });

  it('a frame over 64 kB is left out, counted in bytes; one of exactly 64 kB passes', () => {
    const { bridge, ports } = bridgeUnderTest();
    const frame = (note: string) =>
      JSON.stringify({ kind: 'request', id: 1, method: 'channel.transfer', params: { note } });
    const room = maxRequestBytes - frame('').length;
    bridge.receive(frame('x'.repeat(room + 1)));
    bridge.receive(frame('é'.repeat(room / 2 + 1)));
    expect(ports).toHaveLength(0);
    bridge.receive(frame('x'.repeat(room)));
    expect(ports[0]!.sent).toHaveLength(1);
  });

  it('requests over the limit in flight are refused with -32005 until one is answered', () => {
    const { request, port, page } = bridgeUnderTest();
    for (let id = 0; id <= maxInFlight; id++) request(id, 'connect');
    expect(port().sent).toHaveLength(maxInFlight);
    expect(page).toHaveLength(1);
    expect(page[0]).toMatchObject({ kind: 'error', id: maxInFlight, error: { code: -32005 } });
    port().answer({ kind: 'result', id: port().sent[0]!.id, result: {} });
    request(99, 'connect');
    expect(port().sent).toHaveLength(maxInFlight + 1);
  });

  it('what the worker’s port says beside the contract is left out', () => {
    const { request, port, page } = bridgeUnderTest();
    request(1, 'connect');
    port().answer({ kind: 'result', id: 'call-999', result: {} });
    port().answer({ kind: 'other' });
    port().answer('text');
    expect(page).toHaveLength(0);
  });
});

describe('a worker that stops', () => {
  it('a call with a requestId is sent again, once per connection, and answered once', () => {
    const { request, port, ports, page, elapse } = bridgeUnderTest();
    request(1, 'channel.transfer', transfer);
    const first = ports[0]!;
    first.stop();
    elapse();
    expect(ports).toHaveLength(2);
    expect(port().sent).toEqual([{ id: first.last().id, method: 'channel.transfer', params: transfer }]);
    first.answer({ kind: 'result', id: first.last().id, result: 'from the dead port' });
    port().answer({ kind: 'result', id: port().last().id, result: 'paid' });
    port().answer({ kind: 'result', id: port().last().id, result: 'paid' });
    expect(page).toEqual([{ kind: 'result', id: 1, result: 'paid' }]);
  });

  it.each(['connect', 'channel.list', 'channel.get', 'channel.balances', 'events.since'])(
    '%s changes nothing when repeated, and is sent again',
    (method) => {
      const { request, ports, elapse, page } = bridgeUnderTest();
      request(1, method);
      ports[0]!.stop();
      elapse();
      expect(ports[1]!.last().method).toBe(method);
      expect(page).toHaveLength(0);
    },
  );

  it('a changing call without requestId fails with 4900 and is not sent again', () => {
    const { request, ports, page, elapse } = bridgeUnderTest();
    request(1, 'disconnect');
    request(2, 'channel.transfer', { ...transfer, requestId: undefined });
    ports[0]!.stop();
    elapse();
    expect(page.map((frame) => [frame.id, errorOf(frame).code])).toEqual([
      [1, 4900],
      [2, 4900],
    ]);
    expect(errorOf(page[0]).message).toContain('may or may not have taken effect');
    expect(ports).toHaveLength(1);
  });

  it('a worker that stops again and again is not asked for ever', () => {
    const { request, port, page, elapse, timers } = bridgeUnderTest();
    request(1, 'connect');
    const waits: number[] = [];
    while (page.length === 0 && waits.length < 20) {
      port().stop();
      waits.push(...timers.map((timer) => timer.milliseconds));
      elapse();
    }
    expect(errorOf(page[0]).code).toBe(4900);
    expect(waits).toEqual([50, 200, 1_000, 3_000]);
  });

  it('an extension that is gone fails every call with 4900 and says to reload', () => {
    const { request, page, timers } = bridgeUnderTest(() => {
      throw new ExtensionGoneError();
    });
    request(1, 'connect');
    request(2, 'channel.list');
    expect(page.map((frame) => errorOf(frame).code)).toEqual([4900, 4900]);
    expect(errorOf(page[0]).message).toContain('reload this page');
    expect(timers).toHaveLength(0);
  });

  it('a connection that cannot be made now is tried again', () => {
    let tries = 0;
    const { request, elapse, page } = bridgeUnderTest(() => {
      tries += 1;
      throw new Error('not now');
    });
    request(1, 'connect');
    elapse();
    elapse();
    expect([tries, page.length]).toEqual([3, 0]);
  });
});

describe('a page that sleeps in the back/forward cache', () => {
  it('closes its port, and takes up its calls when it is shown again', () => {
    const { bridge, request, ports, elapse } = bridgeUnderTest();
    request(1, 'channel.transfer', transfer);
    bridge.hide();
    expect(ports[0]!.disconnected).toBe(true);
    request(2, 'connect');
    elapse();
    expect(ports).toHaveLength(1);
    bridge.show();
    expect(ports[1]!.sent.map(({ method }) => method)).toEqual(['channel.transfer', 'connect']);
  });
});

describe('events over connections', () => {
  it('those of a page that does not listen are not told', () => {
    const { request, port, page } = bridgeUnderTest();
    request(1, 'connect');
    port().answer({ kind: 'event', event: event(1) });
    expect(page).toHaveLength(0);
  });

  it('those missed while the worker was away are fetched, each told once and in order', () => {
    const { subscribe, port, ports, elapse, events } = bridgeUnderTest();
    subscribe();
    expect(port().last()).toMatchObject({ method: 'events.since', params: { after: 0 } });
    port().answer({ kind: 'result', id: port().last().id, result: [event(1), event(2)] });
    expect(events()).toEqual([]);
    port().answer({ kind: 'event', event: event(3) });
    ports[0]!.stop();
    elapse();
    expect(port().last()).toMatchObject({ method: 'events.since', params: { after: 3 } });
    port().answer({ kind: 'event', event: event(6) });
    port().answer({ kind: 'result', id: port().last().id, result: [event(4), event(5), event(6)] });
    port().answer({ kind: 'event', event: event(6) });
    port().answer({ kind: 'event', event: event(7) });
    expect(events()).toEqual([3, 4, 5, 6, 7]);
  });

  it('a site that is not connected yet hears events from the first on', () => {
    const { subscribe, port, events } = bridgeUnderTest();
    subscribe();
    port().answer({ kind: 'error', id: port().last().id, error: { code: 4100, message: 'not connected' } });
    port().answer({ kind: 'event', event: event(9) });
    port().answer({ kind: 'event', event: event(10) });
    expect(events()).toEqual([9, 10]);
  });
});
