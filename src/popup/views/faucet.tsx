/** Test coins, where the network gives them away. */
import { useState } from 'react';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Problem, Success } from '../ui/feedback.tsx';
import { CoinsIcon } from '../ui/icons.tsx';
import { useClient, useSubmit, useWallet } from '../wallet.tsx';

export function Faucet() {
  const client = useClient();
  const { network, account } = useWallet();
  const balance = account?.balance ?? 'unknown';
  const [askedAt, setAskedAt] = useState<string | null>(null);
  const faucet = useSubmit(null, async () => {
    await client.call('account.faucet', {});
    setAskedAt(balance);
  });
  if (!network.faucet) return null;
  return (
    <div className="stack tight">
      <Button
        look="secondary"
        small
        busy={faucet.busy}
        busyLabel={t.home.faucetBusy}
        icon={<CoinsIcon size={18} />}
        onClick={() => faucet.submit()}
      >
        {t.home.faucet}
      </Button>
      <Success>{askedAt === balance ? t.home.faucetDone : null}</Success>
      <Problem>{faucet.error}</Problem>
    </div>
  );
}
