import { useState } from 'react';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';
import { peerName } from '../ui/peer.tsx';
import { useClient, useLoad, useWallet } from '../wallet.tsx';
import { Entries } from './entries.tsx';

const step = 50;
/** The most that the rpc gives at once. */
const most = 200;

/** All channels together. */
export default function History() {
  const client = useClient();
  const { channels } = useWallet();
  const [limit, setLimit] = useState(step);
  const lastChange = Math.max(0, ...channels.map((channel) => channel.updatedAt));
  const history = useLoad(`${limit} ${lastChange}`, () =>
    client.call('channel.history', { channel: null, before: null, limit }),
  );
  return (
    <Page title={t.history.title} back="/">
      <Entries
        history={history}
        peerOf={(id) => {
          const channel = channels.find((known) => known.id === id);
          return channel ? peerName(channel.peer) : null;
        }}
      />
      {history.value && history.value.items.length >= limit && limit < most && (
        <Button look="quiet" wide onClick={() => setLimit(Math.min(most, limit + step))}>
          {t.common.showMore}
        </Button>
      )}
    </Page>
  );
}
