/** PROTOCOL 9 and the seed's control messages: ping, pong, leave, inband messages, timers. */
import { describe, expect, test } from 'vitest';
import { timers } from '../../src/protocol/channel/index.ts';
import { ae, type Party, payment, World } from './world.ts';

const running = (party: Party) => timers(party.channel!, party.env.settings).map((timer) => timer.name);
const types = (party: Party) => party.sent.map((message) => message.type);

describe('seed: ping/pong', () => {
  test('silence is answered by a ping, a ping by a pong with its nonce', () => {
    const world = new World().open();
    world.alice.post({ type: 'timer', name: 'silence' });
    const ping = world.alice.sent.at(-1);
    expect(ping).toMatchObject({ type: 'ping', nonce: 1n });
    world.settle();
    expect(world.bob.sent.at(-1)).toMatchObject({ type: 'pong', nonce: 1n });
    expect(world.alice.channel!.live.unansweredPings).toBe(0);
  });
  test('two unanswered pings close the connection', () => {
    const world = new World().open();
    world.alice.post({ type: 'timer', name: 'silence' });
    world.alice.post({ type: 'timer', name: 'silence' });
    expect(world.alice.disconnects).toEqual([]);
    world.alice.post({ type: 'timer', name: 'silence' });
    expect(world.alice.disconnects).toEqual(['two pings were not answered']);
  });
  test('any message shows that the peer is there', () => {
    const world = new World().open();
    world.alice.post({ type: 'timer', name: 'silence' });
    world.wire.toBob = [];
    world.bob.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(world.alice.channel!.live.unansweredPings).toBe(0);
  });
});

describe('leave', () => {
  test('a polite goodbye: acknowledged, the connection ends, the channel stays open and goes on later', () => {
    const world = new World().open();
    world.alice.post({ type: 'leave' });
    world.settle();
    expect(types(world.bob).at(-1)).toBe('leave_ack');
    world.disconnect();
    world.connect();
    world.settle();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.settle();
    expect(world.bob.channel!.latest!.number).toBe(1n);
  });
  test('crossing leaves count as the acks', () => {
    const world = new World().open();
    world.alice.post({ type: 'leave' });
    world.bob.post({ type: 'leave' });
    world.deliver(world.alice);
    expect(world.alice.channel!.phase).toBe('open');
  });
});

describe('inband_message', () => {
  test('arrives as it was sent', () => {
    const world = new World().open();
    world.alice.post({ type: 'send_inband', data: new Uint8Array([1, 2, 3]) });
    world.settle();
    expect(world.bob.inband).toEqual([new Uint8Array([1, 2, 3])]);
  });
  test('one that does not fit is refused in a sentence', () => {
    const world = new World().open();
    const done = world.alice.post({ type: 'send_inband', data: new Uint8Array(65_536) });
    expect(done.refused).toMatch(/at most 65535 bytes/);
    expect(types(world.alice)).not.toContain('inband_message');
  });
});

describe('timers', () => {
  test('none without a connection, silence with one', () => {
    const world = new World().open();
    expect(running(world.alice)).toEqual(['silence']);
    world.disconnect();
    expect(running(world.alice)).toEqual([]);
  });
  test('an unanswered proposal has 60 seconds, one that the peer decides about has its time too', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    const answer = timers(world.alice.channel!, world.alice.env.settings).find(
      ({ name }) => name === 'answer',
    );
    expect(answer?.ms).toBe(60_000);
    const other = new World().open();
    other.alice.post({ type: 'request', request: payment(ae, 'ask') });
    const patient = timers(other.alice.channel!, other.alice.env.settings).find(
      ({ name }) => name === 'answer',
    );
    expect(patient?.ms).toBe(170_000);
    other.settle();
    expect(running(other.bob)).toContain('person');
  });
  test('after a signature was given, a timeout renews the connection and section 6 decides', () => {
    const world = new World().open();
    world.alice.post({ type: 'request', request: payment(ae) });
    world.wire.toBob = [];
    world.alice.post({ type: 'timer', name: 'answer' });
    expect(world.alice.disconnects).toHaveLength(1);
    world.disconnect();
    world.connect();
    world.settle();
    expect(world.bob.channel!.latest!.number).toBe(1n);
  });
  test('before any signature was given, a timeout aborts', () => {
    const world = new World();
    const wire = world.wire.push.bind(world.wire);
    world.wire.push = (from, bytes) => from === world.alice && wire(from, bytes);
    world.establish();
    world.alice.post({ type: 'timer', name: 'accept' });
    expect(world.alice.channel).toMatchObject({ phase: 'aborted' });
  });
});
