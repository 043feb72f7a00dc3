/** Function, arguments and result of a contract call, as far as they could be checked. Its own chunk: it has the decoder. */
import type { ContractPreview } from '../../../rpc/schema.ts';
import { readCall } from '../../call-data.ts';
import { foreignText } from '../../format.ts';
import { t } from '../../texts/index.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Value } from './value.tsx';

export default function Call({ preview }: { preview: ContractPreview }) {
  const words = t.approval.contract;
  const { fn, aci, callData, result } = preview;
  const call = fn?.callable && aci ? readCall(aci, fn.id, callData, fn.name) : null;
  const answer = call && result?.returnType === 'ok' ? call.resultOf(result.returnValue) : null;
  const name = call?.name ?? fn?.name;
  return (
    <>
      <dl className="card facts" data-testid="call">
        <dt className="strong">{words.fn}</dt>
        <dd className="strong">{name ? <span className="mono">{foreignText(name)}</span> : words.unknown}</dd>
        {call?.args.map((arg, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the arguments of a call are ordered and never change
          <Value key={index} label={foreignText(arg.name)} value={arg.value} />
        ))}
        {answer !== null && <Value label={words.answer} value={answer} />}
      </dl>
      {call ? (
        <p className="small soft">{words.checked}</p>
      ) : (
        <>
          <Notice tone="warn" role="alert">
            {fn && !fn.callable ? words.noFunction : words.unchecked}
          </Notice>
          <dl className="card facts" data-testid="raw-call">
            <dt>{words.fnHash}</dt>
            <dd className="mono">{fn?.id ?? words.unknown}</dd>
            <Value label={t.approval.txLabels.callData} value={callData} />
          </dl>
        </>
      )}
    </>
  );
}
