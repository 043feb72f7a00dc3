/** What the other side's contract is set up with, as far as that can be read. Its own chunk: it has the decoder. */
import { argumentsOf } from '../../fate-text.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Arguments } from './value.tsx';

export default function InitArguments({ callData }: { callData: string }) {
  const words = t.approval.contract;
  const args = argumentsOf(callData);
  return (
    <>
      <dl className="card facts" data-testid="init">
        <dt className="strong">{words.initWith}</dt>
        <dd className="strong">{args?.length === 0 ? words.initNothing : ''}</dd>
        <Arguments args={args} callData={callData} />
      </dl>
      {args?.length !== 0 && <Notice>{args ? words.initUnchecked : words.initUnread}</Notice>}
    </>
  );
}
