/** One value that somebody else sent, as a row of facts: made harmless to look at, and cut where it is long. */
import { cutText, foreignText } from '../../format.ts';

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
