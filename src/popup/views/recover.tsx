/** A channel of which only the phrase is left: its id and where its other side is bring it back. */
import { useState } from 'react';
import { navigate } from '../router.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Problem } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useSubmit } from '../wallet.tsx';

export default function Recover() {
  const client = useClient();
  const [channelId, setChannelId] = useState('');
  const [at, setAt] = useState('');
  const [attempted, setAttempted] = useState(false);
  const recover = useSubmit([channelId, at], async () => {
    const { channel } = await client.call('channel.recover', { channelId: channelId.trim(), at: at.trim() });
    navigate(`/channel/${channel}`);
  });
  const id = channelId.trim();
  const idProblem =
    id === ''
      ? t.recover.channelIdEmpty
      : /^ch_[1-9A-HJ-NP-Za-km-z]{38,60}$/.test(id)
        ? null
        : t.recover.channelIdInvalid;
  const atProblem = at.trim() === '' ? t.recover.atEmpty : null;
  return (
    <Page
      title={t.recover.title}
      back="/settings"
      onSubmit={() => {
        setAttempted(true);
        if (!idProblem && !atProblem) recover.submit();
      }}
      foot={
        <>
          <Problem>{recover.error}</Problem>
          <Button type="submit" wide busy={recover.busy} busyLabel={t.recover.restoring}>
            {t.recover.restore}
          </Button>
        </>
      }
    >
      <p>{t.recover.lead}</p>
      <TextField
        label={t.recover.channelId}
        help={t.recover.channelIdHelp}
        autoFocus
        maxLength={200}
        value={channelId}
        onValue={(value) => {
          setChannelId(value);
          recover.clear();
        }}
        error={attempted ? idProblem : null}
      />
      <TextField
        label={t.recover.at}
        help={t.recover.atHelp}
        multiline
        rows={4}
        maxLength={4096}
        value={at}
        onValue={(value) => {
          setAt(value);
          recover.clear();
        }}
        error={attempted ? atProblem : null}
      />
      <Notice tone="warn">{t.recover.warning}</Notice>
    </Page>
  );
}
