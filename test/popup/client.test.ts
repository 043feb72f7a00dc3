import { describe, expect, it } from 'vitest';
import { CallError, type Port, WalletClient } from '../../src/popup/client.ts';
import type { PopupMethod } from '../../src/rpc/popup.ts';
import { wallet } from './fixture/views.ts';

type Sent = { id: number; method: PopupMethod; params: unknown };

/** A worker that starts with each connection and answers only what the test says. */
class FakeWorker {
  ports: FakePort[] = [];
  waits: { run: () => void; milliseconds: number }[] = [];
  refuse = false;
  client = new WalletClient(
    () => {
      if (this.refuse) throw new Error('no worker');
      const port = new FakePort();
      this.ports.push(port);
      return port;
    },
    (run, milliseconds) => this.waits.push({ run, milliseconds }),
  );
  get port(): FakePort {
    return this.ports.at(-1)!;
  }
  /** The browser stops the worker; the client's next attempt follows at once. */
  restart(): void {
    this.port.drop();
    this.elapse();
  }
  elapse(): void {
    for (const wait of this.waits.splice(0)) wait.run();
  }
}

class FakePort implements Port {
  sent: Sent[] = [];
  closed = false;
  #message: (message: unknown) => void = () => undefined;
  #disconnect: () => void = () => undefined;
  onMessage = {
    addListener: (listener: (message: unknown) => void) => {
      this.#message = listener;
    },
  };
  onDisconnect = {
    addListener: (listener: () => void) => {
      this.#disconnect = listener;
    },
  };
  postMessage(message: unknown): void {
    if (this.closed) throw new Error('Attempting to use a disconnected port object');
    this.sent.push(message as Sent);
  }
  disconnect(): void {
    this.closed = true;
  }
  drop(): void {
    this.closed = true;
    this.#disconnect();
  }
  say(message: unknown): void {
    this.#message(message);
  }
  answer(result: unknown): void {
    this.say({ kind: 'result', id: this.sent.at(-1)!.id, result });
  }
}

const channel = 'a'.repeat(64);
const pay = { channel, amount: '5', note: null, requestId: 'once' };
const failure = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error) => error as CallError,
  );

describe('calls', () => {
  it('answers with the validated result', async () => {
    const worker = new FakeWorker();
    const call = worker.client.call('channel.pay', pay);
    expect(worker.port.sent).toMatchObject([{ method: 'channel.pay', params: pay }]);
    worker.port.answer({ sequenceNumber: '3' });
    expect(await call).toEqual({ sequenceNumber: '3' });
  });

  it("fails with the worker's own sentence", async () => {
    const worker = new FakeWorker();
    const call = failure(worker.client.call('vault.unlock', { password: 'x' }));
    worker.port.say({
      kind: 'error',
      id: worker.port.sent[0]!.id,
      error: { code: 'wrong_password', message: 'This password is wrong.' },
    });
    expect(await call).toMatchObject({ code: 'wrong_password', message: 'This password is wrong.' });
  });

  it('refuses a result that is not what the contract says', async () => {
    const worker = new FakeWorker();
    const call = failure(worker.client.call('channel.pay', pay));
    worker.port.answer({ sequenceNumber: 3 });
    expect(await call).toMatchObject({ code: 'invalid_answer' });
  });

  it('fails the call where the answer is no message of the contract', async () => {
    const worker = new FakeWorker();
    const call = failure(worker.client.call('channel.pay', pay));
    worker.port.say({ kind: 'nonsense', id: worker.port.sent[0]!.id });
    expect(await call).toMatchObject({ code: 'invalid_answer' });
  });

  it('leaves out answers to nothing and messages that are not objects', () => {
    const worker = new FakeWorker();
    for (const message of [null, 1, 'x', {}, { kind: 'result', id: 99, result: {} }])
      worker.port.say(message);
    expect(worker.client.snapshot().view).toBeNull();
  });
});

describe('a worker that the browser stops', () => {
  it('gets a call with a requestId again, with the same one, and its answer arrives', async () => {
    const worker = new FakeWorker();
    const call = worker.client.call('channel.pay', pay);
    worker.restart();
    expect(worker.ports).toHaveLength(2);
    expect(worker.port.sent).toMatchObject([{ method: 'channel.pay', params: { requestId: 'once' } }]);
    worker.port.answer({ sequenceNumber: '4' });
    expect(await call).toEqual({ sequenceNumber: '4' });
  });

  it('gets a call that only reads again', async () => {
    const worker = new FakeWorker();
    const call = worker.client.call('invite.mine', {});
    worker.restart();
    worker.port.answer({ link: 'tandem:x', reachable: true });
    expect(await call).toEqual({ link: 'tandem:x', reachable: true });
  });

  it('never gets a changing call without a requestId twice: it fails with a sentence', async () => {
    for (const [method, params] of [
      ['channel.shutdown', { channel }],
      ['approval.decide', { id: 'x', approve: true, digest: 'd' }],
      ['vault.create', { mnemonic: 'm', password: 'p' }],
    ] as const) {
      const worker = new FakeWorker();
      const call = failure(worker.client.call(method, params));
      worker.restart();
      expect(worker.port.sent).toEqual([]);
      const error = await call;
      expect(error).toBeInstanceOf(CallError);
      expect(error!.unknownOutcome).toBe(true);
      expect(error!.message).toMatch(/restarted/);
    }
  });

  it('gets a call made while it was away once it is back, whatever the method', async () => {
    const worker = new FakeWorker();
    worker.port.drop();
    const call = worker.client.call('vault.lock', {});
    worker.elapse();
    expect(worker.port.sent).toMatchObject([{ method: 'vault.lock' }]);
    worker.port.answer({ ok: true });
    expect(await call).toEqual({ ok: true });
  });

  it('is given up for a call after a few times, with a sentence', async () => {
    const worker = new FakeWorker();
    const call = failure(worker.client.call('channel.pay', pay));
    for (let n = 0; n < 6; n++) worker.restart();
    expect(await call).toMatchObject({ code: 'interrupted' });
  });

  it('is asked less and less often while it does not answer, and the person is told', () => {
    const worker = new FakeWorker();
    worker.refuse = true;
    worker.port.drop();
    const waits: number[] = [];
    for (let n = 0; n < 6; n++) {
      waits.push(worker.waits[0]!.milliseconds);
      worker.elapse();
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBe(0);
    expect(worker.client.snapshot().link).toBe('down');
    worker.refuse = false;
    worker.elapse();
    worker.port.say({ kind: 'view', view: wallet() });
    expect(worker.client.snapshot().link).toBe('up');
  });

  it('is not heard any more on its old port', () => {
    const worker = new FakeWorker();
    const old = worker.port;
    worker.restart();
    worker.port.say({ kind: 'view', view: wallet({ bootId: 'second', version: 1 }) });
    old.say({ kind: 'view', view: wallet({ bootId: 'first', version: 9 }) });
    expect(worker.client.snapshot().view?.bootId).toBe('second');
  });
});

describe('views', () => {
  it('never go backward within one start of the worker', () => {
    const worker = new FakeWorker();
    for (const version of [1, 3, 2]) worker.port.say({ kind: 'view', view: wallet({ version }) });
    expect(worker.client.snapshot().view?.version).toBe(3);
  });

  it('of the last start are shown until the worker says something, and never after it', () => {
    const worker = new FakeWorker();
    worker.client.showLast(wallet({ bootId: 'first', version: 9 }));
    expect(worker.client.snapshot()).toMatchObject({ view: { bootId: 'first' }, link: 'connecting' });
    worker.port.say({ kind: 'view', view: wallet({ bootId: 'second', version: 1 }) });
    worker.client.showLast(wallet({ bootId: 'first', version: 9 }));
    expect(worker.client.snapshot()).toMatchObject({ view: { bootId: 'second' }, link: 'up' });
  });

  it('begin anew with a new start of the worker', () => {
    const worker = new FakeWorker();
    worker.port.say({ kind: 'view', view: wallet({ bootId: 'first', version: 9 }) });
    worker.restart();
    worker.port.say({ kind: 'view', view: wallet({ bootId: 'second', version: 1 }) });
    expect(worker.client.snapshot().view).toMatchObject({ bootId: 'second', version: 1 });
  });

  it('that are not what the contract says are left out', () => {
    const worker = new FakeWorker();
    worker.port.say({ kind: 'view', view: wallet() });
    worker.port.say({ kind: 'view', view: { ...wallet({ version: 5 }), channels: [{ id: 'x' }] } });
    expect(worker.client.snapshot().view?.version).toBe(1);
  });

  it('tell listeners, and a view that is already shown does not', () => {
    const worker = new FakeWorker();
    let told = 0;
    const stop = worker.client.subscribe(() => {
      told += 1;
    });
    worker.port.say({ kind: 'view', view: wallet({ version: 2 }) });
    worker.port.say({ kind: 'view', view: wallet({ version: 1 }) });
    expect(told).toBe(1);
    stop();
    worker.port.say({ kind: 'view', view: wallet({ version: 3 }) });
    expect(told).toBe(1);
  });
});
