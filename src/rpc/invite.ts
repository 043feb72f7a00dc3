/**
 * Links that people pass on: invites and watchtowers.
 *
 * Invite links: `tandem:ak_...?net=ae_devnet&via=<multiaddr>&via=...&name=...`. They say who to open a channel
 * with, on which network, and at which libp2p addresses that party listens. A watchtower's link is the same behind
 * `tandem:tower/`.
 */
import { decode, encode } from '../protocol/chain/address.ts';

export type Invite = { peer: Uint8Array; networkId: string; addresses: string[]; name: string | null };

/** An invite that cannot be used, in one sentence for a person. */
export class InviteError extends Error {
  override name = 'InviteError';
}

/** What the two kinds of links have of their own. */
interface Kind {
  start: string;
  noun: string;
  whose: string;
  /** What is said of anything else. */
  wrong: string;
}
const inviteKind: Kind = {
  start: 'tandem:',
  noun: 'invite',
  whose: 'the other side',
  wrong: 'This is not an invite link. An invite',
};
const towerKind: Kind = {
  start: 'tandem:tower/',
  noun: 'watchtower link',
  whose: 'the watchtower',
  wrong: 'This is not the link of a watchtower. One',
};

export const formatInvite = (invite: Invite): string => format(inviteKind, invite);
export const parseInvite = (link: string): Invite => parse(inviteKind, link);
export const formatTowerLink = (tower: Invite): string => format(towerKind, tower);
export const parseTowerLink = (link: string): Invite => parse(towerKind, link);

function format({ start }: Kind, invite: Invite): string {
  const query = new URLSearchParams({ net: invite.networkId });
  for (const address of invite.addresses) query.append('via', address);
  if (invite.name) query.set('name', invite.name);
  return `${start}${encode('ak', invite.peer)}?${query}`;
}

function parse({ start, noun, whose, wrong }: Kind, link: string): Invite {
  const text = link.trim();
  const match = text.startsWith(start) ? /^(ak_[^?]*)\?(.*)$/s.exec(text.slice(start.length)) : null;
  if (!match) throw new InviteError(`${wrong} starts with "${start}ak_"; ask for a new one.`);
  const [, account, rest] = match as unknown as [string, string, string];
  let peer: Uint8Array;
  try {
    peer = decode('ak', account);
  } catch {
    throw new InviteError(
      `The account in this ${noun} is damaged (${account.slice(0, 20)}…). Ask for a new link.`,
    );
  }
  const query = new URLSearchParams(rest);
  const networkId = query.get('net');
  const addresses = query.getAll('via');
  if (!networkId || networkId.length > 64)
    throw new InviteError(`This ${noun} does not say which network it is for. Ask for a new link.`);
  if (
    addresses.length === 0 ||
    addresses.length > 8 ||
    addresses.some((a) => !a.startsWith('/') || a.length > 512)
  )
    throw new InviteError(`This ${noun} does not say where ${whose} can be reached. Ask for a new link.`);
  const name = query.get('name')?.slice(0, 60) ?? null;
  return { peer, networkId, addresses, name };
}
