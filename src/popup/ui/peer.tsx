/** The other side of a channel: the name that the person gave it, else the one it gave itself, and its address. */
import type { ChannelView } from '../../rpc/schema.ts';
import { foreignText, shortAddress } from '../format.ts';
import { t } from '../texts/index.ts';
import { useWallet } from '../wallet.tsx';
import { ContactIcon } from './icons.tsx';

/** `known`: the name is the person's own, from the address book. */
export type PeerOf = { address: string; name: string | null; known?: boolean | undefined };

/** The account as the address book names it, else as it names itself. */
export function usePeer(address: string, claimed: string | null): PeerOf {
  const { contacts } = useWallet();
  const name = contacts.find((contact) => contact.address === address)?.name;
  return name === undefined ? { address, name: claimed } : { address, name, known: true };
}

const shownName = (peer: PeerOf): string | null => (peer.name ? foreignText(peer.name) || null : null);
export const peerName = (peer: PeerOf): string => shownName(peer) ?? shortAddress(peer.address);

export function PeerBadge({ peer }: { peer: PeerOf }) {
  return (
    <span className="badge" aria-hidden="true">
      {(shownName(peer) ?? peer.address.slice(3)).slice(0, 1)}
    </span>
  );
}

export function Connection({ state }: { state: ChannelView['connection'] }) {
  return <span className={`connection ${state}`}>{t.connection[state]}</span>;
}

/** The name, with the whole address below it: the address is what counts. */
export function PeerLine({ peer }: { peer: PeerOf }) {
  return (
    <div className="row">
      <PeerBadge peer={peer} />
      <div className="grow">
        <div className="peer-name">
          <span className="cut">{shownName(peer) ?? t.open.unnamed}</span>
          {peer.known && (
            <span className="known" title={t.contacts.known}>
              <ContactIcon size={14} />
              <span className="sr-only">{t.contacts.known}</span>
            </span>
          )}
        </div>
        <div className="mono small soft">{peer.address}</div>
      </div>
    </div>
  );
}
