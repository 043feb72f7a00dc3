/**
 * Invite links: `tandem:ak_...?net=ae_devnet&via=<multiaddr>&via=...&name=...`. They say who to open a channel
 * with, on which network, and at which libp2p addresses that party listens.
 */
import { decode, encode } from '../protocol/chain/address.ts';

export type Invite = { peer: Uint8Array; networkId: string; addresses: string[]; name: string | null };

/** An invite that cannot be used, in one sentence for a person. */
export class InviteError extends Error {
  override name = 'InviteError';
}

export function formatInvite(invite: Invite): string {
  const query = new URLSearchParams({ net: invite.networkId });
  for (const address of invite.addresses) query.append('via', address);
  if (invite.name) query.set('name', invite.name);
  return `tandem:${encode('ak', invite.peer)}?${query}`;
}

export function parseInvite(link: string): Invite {
  const match = /^tandem:(ak_[^?]*)\?(.*)$/s.exec(link.trim());
  if (!match)
    throw new InviteError(
      'This is not an invite link. An invite starts with "tandem:ak_"; ask for a new one.',
    );
  const [, account, rest] = match as unknown as [string, string, string];
  let peer: Uint8Array;
  try {
    peer = decode('ak', account);
  } catch {
    throw new InviteError(
      `The account in this invite is damaged (${account.slice(0, 20)}…). Ask for a new link.`,
    );
  }
  const query = new URLSearchParams(rest);
  const networkId = query.get('net');
  const addresses = query.getAll('via');
  if (!networkId || networkId.length > 64)
    throw new InviteError('This invite does not say which network it is for. Ask for a new link.');
  if (
    addresses.length === 0 ||
    addresses.length > 8 ||
    addresses.some((a) => !a.startsWith('/') || a.length > 512)
  )
    throw new InviteError(
      'This invite does not say where the other side can be reached. Ask for a new link.',
    );
  const name = query.get('name')?.slice(0, 60) ?? null;
  return { peer, networkId, addresses, name };
}
