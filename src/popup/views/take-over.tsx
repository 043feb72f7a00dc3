/** Another installation of this wallet is at work, and this one stands still until the person chooses it. */
import { useState } from 'react';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Notice } from '../ui/feedback.tsx';
import { useClient, useSubmit } from '../wallet.tsx';

export default function TakeOver() {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const takeOver = useSubmit(null, async () => {
    await client.call('wallet.takeOver', {});
  });
  return (
    <Notice tone="danger" role="alert">
      <div className="stack tight">
        <span>{t.banners.rival}</span>
        <div>
          <Button look="secondary" small onClick={() => setAsking(true)}>
            {t.banners.takeOver}
          </Button>
        </div>
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t.banners.takeOverTitle}
        text={t.banners.takeOverText}
        confirm={t.banners.takeOver}
        cancel={t.banners.takeOverKeep}
        busyLabel={t.banners.takeOverBusy}
        submission={takeOver}
      />
    </Notice>
  );
}
