/** The wallet as the views see it: the latest view, calls to the worker, and forms that submit once. */
import { createContext, use, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ChannelView, WalletView } from '../rpc/schema.ts';
import { CallError, type Snapshot, type WalletClient } from './client.ts';
import { failureText, t } from './texts/index.ts';

export const ClientContext = createContext<WalletClient | null>(null);

export function useClient(): WalletClient {
  const client = use(ClientContext);
  if (!client) throw new Error('no wallet client above this view');
  return client;
}

export function useSnapshot(): Snapshot {
  const client = useClient();
  return useSyncExternalStore(client.subscribe, client.snapshot);
}

/** The latest view. Only below the part of the app that waits for the first one. */
export function useWallet(): WalletView {
  const { view } = useSnapshot();
  if (!view) throw new Error('no wallet view yet');
  return view;
}

export function useChannel(id: string | null | undefined): ChannelView | null {
  return useWallet().channels.find((channel) => channel.id === id) ?? null;
}

/** What the person is told of a failed call. The client's own sentences are texts already. */
export function sentenceOf(error: unknown): string {
  if (error instanceof CallError && error.ofWorker) return failureText(error.code, error.message);
  return error instanceof Error && error.message ? error.message : t.errors.unexpected;
}

export type Submission = {
  busy: boolean;
  error: string | null;
  code: string | null;
  submit(): Promise<boolean>;
  clear(): void;
};

/**
 * One submission at a time, however often a button is pressed. `requestId` is made once per submission, and kept for
 * the next try of the same content while it is unknown whether the last one took effect: so nothing is paid twice.
 */
export function useSubmit(content: unknown, run: (requestId: string) => Promise<void>): Submission {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ sentence: string; code: string | null } | null>(null);
  const running = useRef(false);
  const open = useRef<{ content: string; requestId: string } | null>(null);
  const submit = useCallback(async () => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setFailure(null);
    const key = JSON.stringify(content);
    if (open.current?.content !== key) open.current = { content: key, requestId: crypto.randomUUID() };
    try {
      await run(open.current.requestId);
      open.current = null;
      return true;
    } catch (error) {
      if (!(error instanceof CallError && error.unknownOutcome)) open.current = null;
      setFailure({ sentence: sentenceOf(error), code: error instanceof CallError ? error.code : null });
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, [content, run]);
  const clear = useCallback(() => setFailure(null), []);
  return { busy, error: failure?.sentence ?? null, code: failure?.code ?? null, submit, clear };
}

export type Loaded<T> = { value: T | null; error: string | null; again(): void };

/** Reads something of the worker, again whenever `key` changes; the last answer stays while the next is read. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  // biome-ignore lint/correctness/useExhaustiveDependencies: key and attempt say when to read again
  useEffect(() => {
    let gone = false;
    latest.current().then(
      (value) => !gone && setState({ value, error: null }),
      (error) => !gone && setState((last) => ({ value: last.value, error: sentenceOf(error) })),
    );
    return () => {
      gone = true;
    };
  }, [key, attempt]);
  return { ...state, again: useCallback(() => setAttempt((n) => n + 1), []) };
}
