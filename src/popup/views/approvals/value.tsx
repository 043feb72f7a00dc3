/** Values that somebody else sent, as rows of facts: made harmless to look at, and cut where they are long. */
import { cutText, foreignText } from '../../format.ts';
import { t } from '../../texts/index.ts';

/** Longer values are cut. */
const longest = 400;

export function Value({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd className="mono note-text">{cutText(foreignText(value), longest)}</dd>
    </>
  );
}

/** The arguments of call data without an ACI, numbered; where they could not be read, the call data as it is. */
export function Arguments({ args, callData }: { args: readonly string[] | null; callData: string }) {
  if (!args) return <Value label={t.approval.txLabels.callData} value={callData} />;
  return args.map((arg, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the arguments of a call are ordered and never change
    <Value key={index} label={`${index + 1}`} value={arg} />
  ));
}
