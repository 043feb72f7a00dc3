/** The other side of a channel, by its claimed name and its address. */
import type { ChannelView } from '../../rpc/schema.ts';
import { foreignText, shortAddress } from '../format.ts';
import { t } from '../texts/index.ts';

export type PeerOf = { address: string; name: string | null };

const claimedName = (peer: PeerOf): string | null => (peer.name ? foreignText(peer.name) || null : null);
export const peerName = (peer: PeerOf): string => claimedName(peer) ?? shortAddress(peer.address);

export function PeerBadge({ peer }: { peer: PeerOf }) {
  return (
    <span className="badge" aria-hidden="true">
      {(claimedName(peer) ?? peer.address.slice(3)).slice(0, 1)}
    </span>
  );
}

export function Connection({ state }: { state: ChannelView['connection'] }) {
  return <span className={`connection ${state}`}>{t.connection[state]}</span>;
}

/** The claimed name, with the whole address below it: the address is what counts. */
export function PeerLine({ peer }: { peer: PeerOf }) {
  return (
    <div className="row">
      <PeerBadge peer={peer} />
      <div className="grow">
        <div className="cut">{claimedName(peer) ?? t.open.unnamed}</div>
        <div className="mono small soft">{peer.address}</div>
      </div>
    </div>
  );
}
