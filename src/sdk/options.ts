/**
 * What `Channel.initialize` takes: aepp-sdk's options less `sign`, and where the wallet is. What the page would wrongly
 * believe to take effect is refused; what is a setting of the node's own machine is left out silently, since the wallet
 * has its own.
 */
import { type Amount, aetto } from './amount.ts';
import type { Client } from './client.ts';
import { invalid } from './errors.ts';
import type { Provider } from './page.ts';
import type { Storage } from './storage.ts';
import type { ParamsOf } from './types.ts';

export interface ChannelOptions {
  /** A connection that there is, of `connect`, shared by many channels; `disconnect` leaves it open. */
  client?: Client | undefined;
  /** The wallet's provider; found by itself where it is left out. */
  provider?: Provider | undefined;
  /** With `token`: the address of a headless peer. Without: a node's, which is not needed here. */
  url?: string | undefined;
  /** Of the headless peer at `url`. */
  token?: string | undefined;
  /** Where numbers of events and unfinished calls are kept; localStorage where it is left out. */
  storage?: Storage | undefined;

  /** `initiator`: opens; `responder`: waits until the other side opens. */
  role?: 'initiator' | 'responder' | undefined;
  /** The accounts, `ak_`. One's own may be left out. */
  initiatorId?: string | undefined;
  responderId?: string | undefined;
  /** The other side's invite link. Without it `host` and `port`: where its wallet or peer listens. */
  invite?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  /** Aetto. */
  initiatorAmount?: Amount | undefined;
  responderAmount?: Amount | undefined;
  pushAmount?: Amount | undefined;
  channelReserve?: Amount | undefined;
  /** Blocks. */
  lockPeriod?: number | undefined;
  /** The page's own name for this opening: with it, it is opened once however often it is asked for. */
  requestId?: string | undefined;

  /** A channel that there is: `id()` and `fsmId()` of it; one of the two is enough. */
  existingChannelId?: string | undefined;
  existingFsmId?: string | undefined;
  /**
   * Where `storage` has nothing of a channel that there was already: the number of the event after which to begin, 0 for
   * all that are kept. Left out: with what is new.
   */
  after?: number | undefined;
  reestablish?: boolean | undefined;
  debug?: boolean | undefined;
}

/** Why these cannot mean anything here. */
const refused: Record<string, string> = {
  sign: 'the wallet signs, when its person has approved: leave `sign` out',
  fee: 'the wallet sets the fee and shows it to its person: leave it out',
  gasPrice: 'the wallet sets the fee and shows it to its person: leave it out',
  signedTx: 'the wallet keeps the states itself: leave it out',
};

const known: ReadonlySet<string> = new Set<keyof ChannelOptions>([
  'client',
  'provider',
  'url',
  'token',
  'storage',
  'role',
  'initiatorId',
  'responderId',
  'invite',
  'host',
  'port',
  'initiatorAmount',
  'responderAmount',
  'pushAmount',
  'channelReserve',
  'lockPeriod',
  'requestId',
  'existingChannelId',
  'existingFsmId',
  'after',
  'reestablish',
  'debug',
]);
/** Settings of the node's machine; the wallet has its own. */
const leftOut = /^(ttl|minimumDepth|minimumDepthStrategy|timeout[A-Z][A-Za-z]*|statePassword)$/;

/** @throws ChannelError that names the option, and why */
export function checkOptions(options: ChannelOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Object.hasOwn(refused, name)) throw invalid(`${name}: ${refused[name]}.`);
    if (!known.has(name) && !leftOut.test(name)) throw invalid(`${name}: there is no such option.`);
  }
  const { role, token, url } = options;
  if (role !== undefined && role !== 'initiator' && role !== 'responder')
    throw invalid(`role: "${String(role)}" is none: give "initiator" or "responder".`);
  if (token !== undefined && url === undefined) throw invalid('token: give the url of its peer, too.');
}

/** Whose channel it is to be: the account of the other side; null where the options name none. */
export function peerOf(options: ChannelOptions, own: string): string | null {
  const { role = 'initiator', initiatorId, responderId, invite } = options;
  const [mine, theirs] =
    role === 'initiator'
      ? [{ name: 'initiatorId', id: initiatorId }, responderId]
      : [{ name: 'responderId', id: responderId }, initiatorId];
  if (mine.id !== undefined && mine.id !== own)
    throw invalid(`${mine.name}: as ${role} this is the wallet’s own account, ${own}, not ${mine.id}.`);
  const invited = invite === undefined ? null : (/^\s*tandem:(ak_[^?]+)\?/.exec(invite)?.[1] ?? null);
  if (invite !== undefined && invited === null)
    throw invalid('invite: it starts with "tandem:ak_": ask the other side for its link.');
  if (invited !== null && theirs !== undefined && invited !== theirs)
    throw invalid(`invite: it is of ${invited}, not of ${theirs}.`);
  return invited ?? theirs ?? null;
}

/** What `channel.open` takes of it. */
export function openingOf(
  options: ChannelOptions,
  peer: string,
  networkId: string,
): Omit<ParamsOf<'channel.open'>, 'requestId'> {
  const { lockPeriod, initiatorAmount, responderAmount = 0n, pushAmount = 0n, channelReserve = 0n } = options;
  if (initiatorAmount === undefined) throw invalid('initiatorAmount: say what you put in, in aetto.');
  if (
    typeof lockPeriod !== 'number' ||
    !Number.isInteger(lockPeriod) ||
    lockPeriod < 1 ||
    lockPeriod > 65_535
  )
    throw invalid(`lockPeriod: "${String(lockPeriod)}" is none: give 1 to 65535 blocks.`);
  return {
    invite: options.invite ?? inviteOf(options, peer, networkId),
    terms: {
      initiatorAmount: aetto('initiatorAmount', initiatorAmount),
      responderAmount: aetto('responderAmount', responderAmount),
      pushAmount: aetto('pushAmount', pushAmount),
      channelReserve: aetto('channelReserve', channelReserve),
      lockPeriod,
    },
  };
}

function inviteOf({ host, port }: ChannelOptions, peer: string, networkId: string): string {
  if (host === undefined || port === undefined)
    throw invalid('invite: give the other side’s invite link, or host and port where it listens.');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(`port: "${port}" is none.`);
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(host)) throw invalid(`host: "${host}" is none.`);
  const kind = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'ip4' : host.includes(':') ? 'ip6' : 'dns4';
  const via = `/${kind}/${host}/tcp/${port}/ws`;
  return `tandem:${peer}?${new URLSearchParams({ net: networkId, via })}`;
}
