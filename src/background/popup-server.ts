/** Answers the popup: checks who calls and with what, runs the method, pushes the view after each change. */
import * as v from 'valibot';
import type { Runtime } from 'webextension-polyfill';
import { EngineError } from '../engine/engine.ts';
import { ChainUnavailableError, StoreError, TransactionRefusedError } from '../engine/ports.ts';
import { AddressError } from '../protocol/chain/address.ts';
import { AmountError } from '../protocol/channel/index.ts';
import { InviteError } from '../rpc/invite.ts';
import {
  type ParamsOf,
  type PopupMethod,
  type PopupPush,
  PopupRequest,
  popupMethods,
  type ResultOf,
} from '../rpc/popup.ts';
import type { WalletView } from '../rpc/schema.ts';
import { WalletError } from './errors.ts';
import { VaultError } from './vault/index.ts';

export type PopupHandlers = { [M in PopupMethod]: (params: ParamsOf<M>) => Promise<ResultOf<M>> };

export interface PopupServer {
  /** Takes a connection of the extension's own pages; any other is cut. */
  accept(port: Runtime.Port): void;
  /** Of a change: the view is made where somebody looks. */
  push(view: () => WalletView): void;
}

/** What an open popup asks on its own, while nobody may be sitting there. */
const byItself: ReadonlySet<string> = new Set([
  'wallet.view',
  'channel.history',
  'channel.quote',
  'channel.forcePreview',
  'fee.quote',
  'contact.list',
  'diagnostics.read',
  'approval.get',
  'approval.contract',
  'invite.mine',
] satisfies PopupMethod[]);

/**
 * @param ready the handlers, once the wallet is loaded; what is asked before waits
 * @param used the person did something
 * @param failed hears of every call that failed
 */
export function createPopupServer(
  ready: Promise<PopupHandlers>,
  extensionUrl: string,
  used: () => void,
  failed: (method: string, code: string, message: string) => void = () => undefined,
): PopupServer {
  const ports = new Set<Runtime.Port>();

  async function answer(request: v.InferOutput<typeof PopupRequest>): Promise<PopupPush> {
    const { id, method } = request;
    if (!Object.hasOwn(popupMethods, method))
      return failure(id, 'unknown_method', `There is no method ${method}.`);
    const name = method as PopupMethod;
    const parsed = v.safeParse(popupMethods[name].params, request.params);
    if (!parsed.success) {
      const issue = parsed.issues[0];
      return failure(id, 'invalid_params', `${v.getDotPath(issue) ?? method}: ${issue.message}`);
    }
    try {
      const result = await (await ready)[name](parsed.output as never);
      return { kind: 'result', id, result };
    } catch (error) {
      const [code, message] = explain(error);
      failed(name, code, message);
      return failure(id, code, message);
    }
  }

  return {
    accept(port) {
      // Only pages of this extension, not content scripts, which share its id.
      if (!port.sender?.url?.startsWith(extensionUrl)) return port.disconnect();
      ports.add(port);
      port.onDisconnect.addListener(() => ports.delete(port));
      port.onMessage.addListener((message: unknown) => {
        const request = v.safeParse(PopupRequest, message);
        if (!request.success) return;
        if (!byItself.has(request.output.method)) used();
        void answer(request.output).then((reply) => {
          if (ports.has(port)) port.postMessage(reply);
        });
      });
      void ready
        .then((handlers) => handlers['wallet.view']({}))
        .then((view) => {
          if (ports.has(port)) port.postMessage({ kind: 'view', view } satisfies PopupPush);
        });
    },
    push(view) {
      if (ports.size === 0) return;
      const message = { kind: 'view', view: view() } satisfies PopupPush;
      for (const port of ports) port.postMessage(message);
    },
  };
}

const failure = (id: number, code: string, message: string): PopupPush => ({
  kind: 'error',
  id,
  error: { code, message },
});

/** What went wrong, as a code and a sentence. Anything unforeseen is said to be that, with its own words. */
function explain(error: unknown): [code: string, message: string] {
  if (error instanceof WalletError || error instanceof EngineError) return [error.code, error.message];
  if (error instanceof VaultError) return ['vault', error.message];
  if (error instanceof StoreError) return ['store', error.message];
  if (error instanceof InviteError) return ['bad_invite', error.message];
  if (error instanceof AddressError) return ['bad_address', error.message];
  if (error instanceof AmountError) return ['bad_amount', error.message];
  if (error instanceof ChainUnavailableError) return ['node_unavailable', error.message];
  if (error instanceof TransactionRefusedError) return ['refused_by_chain', error.message];
  return [
    'unexpected',
    `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`,
  ];
}
