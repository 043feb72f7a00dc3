/** Takes from the wallet's view what a report may say: each field by its name, so that a new one is left out. */
import type { Diagnostics } from '../rpc/diagnostics.ts';
import type { WalletView } from '../rpc/schema.ts';

type ChannelReport = Diagnostics['channels'][number];

export function diagnosticsOf(
  view: WalletView,
  rest: {
    worker: Omit<Diagnostics['worker'], 'vault'>;
    store: Omit<Diagnostics['store'], 'ok'>;
    failures: Diagnostics['failures'];
  },
): Diagnostics {
  const { network, settings } = view;
  return {
    worker: { starts: rest.worker.starts, startedAt: rest.worker.startedAt, vault: view.vault },
    network: {
      networkId: network.networkId,
      node: hostOf(network.nodeUrl),
      state: network.state,
      height: network.height,
      relay: network.relay !== null,
    },
    store: { ok: view.storage.ok, ...rest.store },
    settings: {
      autoLockMinutes: settings.autoLockMinutes,
      minimumDepth: settings.minimumDepth,
      acceptIncoming: settings.acceptIncoming,
      watchtower: settings.watchtower !== null,
    },
    counts: {
      sites: view.sites.length,
      approvals: view.approvals.length,
      contacts: view.contacts.length,
      sending: view.account?.sending.length ?? 0,
    },
    rival: view.rival !== null,
    channels: view.channels.map(channelOf),
    failures: rest.failures,
  };
}

const channelOf = (channel: WalletView['channels'][number]): ChannelReport => ({
  id: channel.id.slice(0, 8),
  role: channel.role,
  phase: channel.phase,
  connection: channel.connection,
  sequenceNumber: channel.sequenceNumber,
  pending: channel.pending?.kind ?? null,
  progress:
    channel.progress &&
    `${channel.progress.what} ${channel.progress.confirmations}/${channel.progress.required}`,
  contracts: channel.contracts.list.length,
  watchtower: channel.watchtower?.named ?? false,
  recovered: channel.recovered,
  maybeStale: channel.maybeStale,
});

/** An own node's address may hold a password or a key. */
function hostOf(url: string): string {
  if (!URL.canParse(url)) return '?';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
