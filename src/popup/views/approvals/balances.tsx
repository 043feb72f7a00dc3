import { t } from '../../texts/index.ts';
import { Amount } from '../../ui/money.tsx';

interface Balances {
  mine: string;
  theirs: string;
  /** Of contracts, where there are any. */
  held?: string;
}

/** What each side has now, and what it would have. `after` is null while that is not known. */
export function BalanceTable({ before, after }: { before: Balances; after: Balances | null }) {
  const rows = [
    ['mine', t.approval.yourBalance, before.mine, after?.mine],
    ['theirs', t.approval.theirBalance, before.theirs, after?.theirs],
    ...(before.held === undefined ? [] : [['held', t.approval.heldBalance, before.held, after?.held]]),
  ] as const;
  return (
    <section className="card">
      <table className="compare">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">{t.channel.balances}</span>
            </th>
            <th scope="col">{t.approval.before}</th>
            <th scope="col">{t.approval.after}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, label, was, becomes]) => (
            <tr key={key}>
              <th scope="row">{label}</th>
              <td data-testid={`${key}-before`}>
                <Amount form="full" aetto={was!} />
              </td>
              <td data-testid={`${key}-after`} className="changed">
                {becomes === undefined ? '…' : <Amount form="full" aetto={becomes} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
