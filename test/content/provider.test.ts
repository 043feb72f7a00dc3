import { describe, expect, it } from 'vitest';
import {
  announce,
  announceEvent,
  type ProviderDetail,
  requestEvent,
  uuid,
} from '../../src/content/announce.ts';
import { parseFrame } from '../../src/content/frames.ts';
import { createProvider, type Listener } from '../../src/content/provider.ts';
import { event } from './fakes.ts';

function providerUnderTest() {
  const sent: string[] = [];
  let tell: (text: string) => void = () => {};
  const provider = createProvider({
    post: (text) => void sent.push(text),
    onText: (listener) => {
      tell = listener;
    },
  });
  return { provider, sent, tell: (frame: object) => tell(JSON.stringify(frame)) };
}

describe('provider', () => {
  it('request sends a frame that the bridge reads, and resolves with the answer', async () => {
    const { provider, sent, tell } = providerUnderTest();
    const answer = provider.request({ method: 'channel.get', params: { id: 'x' } });
    const frame = parseFrame(sent[0]);
    expect(frame).toMatchObject({ kind: 'request', method: 'channel.get', params: { id: 'x' } });
    tell({ kind: 'result', id: (frame as { id: number }).id, result: { phase: 'open' } });
    expect(await answer).toEqual({ phase: 'open' });
  });

  it('answers in another order reach their own requests', async () => {
    const { provider, sent, tell } = providerUnderTest();
    const [a, b] = [provider.request({ method: 'a' }), provider.request({ method: 'b' })];
    const ids = sent.map((text) => JSON.parse(text).id);
    tell({ kind: 'result', id: ids[1], result: 'b' });
    tell({ kind: 'result', id: ids[0], result: 'a' });
    expect(await Promise.all([a, b])).toEqual(['a', 'b']);
  });

  it('a refusal rejects with an Error that has the code', async () => {
    const { provider, sent, tell } = providerUnderTest();
    const answer = provider.request({ method: 'connect' });
    tell({ kind: 'error', id: JSON.parse(sent[0]!).id, error: { code: 4001, message: 'declined' } });
    const error = await answer.catch((caught) => caught);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 4001, message: 'declined' });
  });

  it.each([
    ['a bigint', { method: 'channel.transfer', params: { amount: 1n } }, /decimal strings/],
    ['65 kB', { method: 'channel.transfer', params: 'x'.repeat(66_000) }, /at most 65536/],
    ['a method that is no text', { method: 3 as unknown as string }, /method being a text/],
    ['nothing', undefined as unknown as { method: string }, /method being a text/],
  ])('%s is refused with -32602 before anything is sent', async (_, call, message) => {
    const { provider, sent } = providerUnderTest();
    const error = await provider.request(call).catch((caught) => caught);
    expect(error).toMatchObject({ code: -32602, message: expect.stringMatching(message) });
    expect(sent).toHaveLength(0);
  });

  it('listeners get their event type, `event` gets all, and a removed one nothing', () => {
    const { provider, sent, tell } = providerUnderTest();
    const heard: string[] = [];
    const gone: Listener = () => heard.push('gone');
    provider.on('stateChanged', ({ number }) => heard.push(`state ${number}`));
    provider.on('event', ({ number }) => heard.push(`any ${number}`));
    provider.on('event', gone).removeListener('event', gone);
    tell({ kind: 'event', event: event(1) });
    tell({ kind: 'event', event: { ...event(2), type: 'error' } });
    expect(heard).toEqual(['state 1', 'any 1', 'any 2']);
    expect(sent).toEqual(['{"kind":"subscribe"}']);
  });

  it('is frozen, and nobody’s ethereum', () => {
    expect(Object.isFrozen(providerUnderTest().provider)).toBe(true);
  });
});

describe('announcement', () => {
  const page = () => new EventTarget() as unknown as Window & { tandem: unknown; ethereum?: unknown };
  const heard = (target: Window) => {
    const details: ProviderDetail[] = [];
    target.addEventListener(announceEvent, (found) => details.push((found as CustomEvent).detail));
    return details;
  };

  it('comes at once and again on request, with the same frozen detail', () => {
    const target = page();
    const details = heard(target);
    const { provider } = providerUnderTest();
    announce(target, 'u', provider);
    target.dispatchEvent(new Event(requestEvent));
    expect(details).toHaveLength(2);
    expect(details[0]).toBe(details[1]);
    expect(details[0]!.provider).toBe(provider);
    expect(Object.isFrozen(details[0]) && Object.isFrozen(details[0]!.info)).toBe(true);
  });

  it('sets window.tandem for good, and never window.ethereum', () => {
    const target = page();
    const { provider } = providerUnderTest();
    announce(target, 'u', provider);
    expect(Object.getOwnPropertyDescriptor(target, 'tandem')).toMatchObject({
      value: provider,
      writable: false,
      configurable: false,
    });
    expect('ethereum' in target).toBe(false);
  });

  it('leaves a window.tandem of the page alone', () => {
    const target = page();
    Object.assign(target, { tandem: 'theirs' });
    announce(target, 'u', providerUnderTest().provider);
    expect(target.tandem).toBe('theirs');
  });

  it('a uuid has version 4 and variant 10', () => {
    expect(uuid(new Uint8Array(16).fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
    expect(uuid(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000');
  });
});
