/** Pictures of a channel's history, with what they show in words: own SVG, a few hundred bytes of marks. */
import { formatAe } from '../amount.ts';
import { fullTime } from '../format.ts';
import type { Item } from '../history-file.ts';
import { t } from '../texts/index.ts';
import { Amount } from './money.tsx';

const width = 320;
const height = 96;
/** Only for drawing: a share of the height or width, to a thousandth. */
const share = (part: bigint, whole: bigint): number =>
  whole === 0n ? 0 : Number((part * 1000n) / whole) / 1000;

type Point = { at: number; aetto: bigint };

/** My balance after each entry, oldest first. */
export const balancesOf = (items: readonly Item[]): Point[] =>
  items.flatMap((item) => (item.mine === null ? [] : [{ at: item.at, aetto: BigInt(item.mine) }])).reverse();

/** What was paid and received among these entries. */
export function flowOf(items: readonly Item[]): { paid: bigint; received: bigint } {
  const sum = (kind: Item['kind']) =>
    items.reduce(
      (total, item) => (item.kind === kind && item.amount ? total + BigInt(item.amount) : total),
      0n,
    );
  return { paid: sum('paid'), received: sum('received') };
}

/** Steps, not slopes: between two entries the balance does not move. Entries stand at equal distances. */
function path(points: readonly Point[], top: bigint): string {
  const x = (n: number) => Math.round((n / (points.length - 1)) * width);
  const y = ({ aetto }: Point) => Math.round((1 - share(aetto, top)) * (height - 4)) + 2;
  return points.map((point, n) => (n === 0 ? `M0 ${y(point)}` : `H${x(n)}V${y(point)}`)).join('');
}

export default function Chart({ items }: { items: readonly Item[] }) {
  const points = balancesOf(items);
  const { paid, received } = flowOf(items);
  if (points.length < 2) return null;
  const first = points[0]!;
  const last = points.at(-1)!;
  const sizes = points.map((point) => point.aetto);
  const top = sizes.reduce((a, b) => (a > b ? a : b));
  const bottom = sizes.reduce((a, b) => (a < b ? a : b));
  const line = path(points, top);
  const widest = paid > received ? paid : received;
  return (
    <section className="card stack tight" aria-label={t.chart.title}>
      <div className="spread small">
        <span className="soft">{t.chart.balance}</span>
        <Amount aetto={last.aetto} />
      </div>
      <svg
        className="chart"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t.chart.balanceText(
          fullTime(first.at),
          formatAe(first.aetto),
          fullTime(last.at),
          formatAe(last.aetto),
          formatAe(bottom),
          formatAe(top),
        )}
      >
        <path className="area" d={`${line}V${height}H0Z`} />
        <path className="line" d={line} vectorEffect="non-scaling-stroke" />
      </svg>
      <dl className="flows small">
        {(
          [
            ['received', received],
            ['paid', paid],
          ] as const
        ).map(([kind, aetto]) => (
          <div key={kind}>
            <dt className="soft">{t.history.kinds[kind]}</dt>
            <dd className="flow" aria-hidden="true">
              <span className={kind} style={{ inlineSize: `${share(aetto, widest) * 100}%` }} />
            </dd>
            <dd>
              <Amount aetto={aetto} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="help">{t.chart.span(points.length)}</p>
    </section>
  );
}
