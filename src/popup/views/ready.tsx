import { redirect } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Notice } from '../ui/feedback.tsx';
import { Mark } from '../ui/icons.tsx';
import { Page } from '../ui/page.tsx';
import { Faucet } from './faucet.tsx';

/** The end of onboarding. */
export function Ready({ address }: { address: string }) {
  return (
    <Page
      title={t.onboarding.doneTitle}
      foot={
        <>
          <Button wide onClick={() => redirect('/')}>
            {t.onboarding.doneOpen}
          </Button>
          <Button wide look="secondary" onClick={() => redirect('/open')}>
            {t.home.open}
          </Button>
        </>
      }
    >
      <Mark size={56} />
      <p className="soft">{t.onboarding.doneLead}</p>
      <p className="card mono" data-testid="address">
        {address}
      </p>
      <CopyButton text={address} label={t.receive.copyAddress} />
      <Faucet />
      <Notice>{t.onboarding.donePin}</Notice>
    </Page>
  );
}
