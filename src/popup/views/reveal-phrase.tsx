import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { PasswordField } from '../ui/field.tsx';
import { Words } from '../ui/words.tsx';
import { useClient, useSubmit } from '../wallet.tsx';

/** The phrase behind the password. Closing forgets both. */
export function RevealPhrase({ open, onClose }: { open: boolean; onClose(): void }) {
  const client = useClient();
  const [password, setPassword] = useState('');
  const [missing, setMissing] = useState(false);
  const [phrase, setPhrase] = useState<string | null>(null);
  const reveal = useSubmit(null, async () => {
    const { mnemonic } = await client.call('vault.revealPhrase', { password });
    setPassword('');
    setPhrase(mnemonic);
  });
  const close = () => {
    setPassword('');
    setPhrase(null);
    setMissing(false);
    reveal.clear();
    onClose();
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && !reveal.busy && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <form
            className="stack"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              setMissing(password === '');
              if (password !== '') reveal.submit();
            }}
          >
            <Dialog.Title>{t.settings.revealTitle}</Dialog.Title>
            <Dialog.Description className="soft small">{t.settings.revealText}</Dialog.Description>
            {phrase === null ? (
              <PasswordField
                label={t.password.label}
                autoComplete="current-password"
                value={password}
                onValue={(value) => {
                  setPassword(value);
                  setMissing(false);
                  reveal.clear();
                }}
                error={missing ? t.password.enter : reveal.error}
              />
            ) : (
              <Words mnemonic={phrase} />
            )}
            <div className={phrase === null ? 'button-pair' : 'stack'}>
              <Button look="secondary" off={reveal.busy} onClick={close}>
                {phrase === null ? t.common.cancel : t.common.close}
              </Button>
              {phrase === null && (
                <Button type="submit" busy={reveal.busy} busyLabel={t.settings.revealing}>
                  {t.settings.revealConfirm}
                </Button>
              )}
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
