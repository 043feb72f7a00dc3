/** The results as text, each beside what is aimed at. */
import { limits, type StartupResult } from './startup.ts';
import type { StoreResult } from './store.ts';
import type { Rate, UpdatesResult } from './updates.ts';
import type { SizeResult, VmResult } from './vm.ts';

/** What is aimed at. */
const aims = { ofLimit: 0.6, queuedPerSecond: 5000 };

/**
 * The chain's own channel machines, driven by their SDK, measured on two cores like these: what is to be beaten, five
 * times.
 */
const toBeat = { perSecond: 62, ms: 14.7, times: 5 };

type Loaded = { loadAverage: number[] };

export function updatesText(result: UpdatesResult & Loaded): string {
  const { limit, sameRows, single, queued, load } = result;
  const { commits, signatures, verifications, other } = single.spentMs;
  const times = (rate: Rate) => `${(rate.perSecond / toBeat.perSecond).toFixed(1)} x ${toBeat.perSecond}/s`;
  return table(`updates: ${result.where}`, result, [
    ['limit: 2 signatures, 2 verifications, 2 commits', rateOf(limit)],
    ['  the same with a payment’s own rows', rateOf(sameRows)],
    ['one payment at a time', rateOf(single)],
    ['  of the limit', percent(single.ofLimit), aim(single.ofLimit >= aims.ofLimit, percent(aims.ofLimit))],
    ['  of that with its own rows', percent(single.ofSameRows)],
    [
      '  beside the channel machines',
      times(single),
      aim(single.perSecond >= toBeat.times * toBeat.perSecond, `${toBeat.times} x, p50 ${toBeat.ms} ms`),
    ],
    [
      '  spent in',
      `commits ${ms(commits)}, signatures ${ms(signatures)}, verifications ${ms(verifications)}, other ${ms(other)}`,
    ],
    [
      `${load.queued.size} payments at once`,
      rateOf(queued),
      aim(queued.perSecond >= aims.queuedPerSecond, `${aims.queuedPerSecond}/s`),
    ],
    ['  beside the channel machines', times(queued)],
    ['  payments in a round', queued.paymentsPerRound.toFixed(0)],
  ]);
}

export function startupText(result: StartupResult & Loaded): string {
  const { sizes, worker, popup } = result;
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const within = (value: number, limit: number) => aim(value <= limit, `at most ${ms(limit)}`);
  return table(`startup: built extension in Chromium, ${result.runs} runs`, result, [
    [
      'worker bundle, gzip',
      kB(sizes.worker.gzip),
      aim(sizes.worker.gzip <= limits.workerGzip, `at most ${kB(limits.workerGzip)}`),
    ],
    ['popup, gzip', kB(sizes.popup.gzip)],
    ['content scripts, gzip', kB(sizes.content.gzip)],
    [
      'worker ready, from its script’s start',
      ms(worker.readyAfterMs),
      within(worker.readyAfterMs, limits.workerReadyMs),
    ],
    [
      'worker ready, from connecting to the view',
      ms(worker.firstViewMs),
      within(worker.firstViewMs, limits.workerReadyMs),
    ],
    ['popup, first paint', ms(popup.firstPaintMs)],
    ['popup, first useful paint', ms(popup.usefulMs), within(popup.usefulMs, limits.popupMs)],
    ['  worker stopped before', ms(popup.usefulColdMs), within(popup.usefulColdMs, limits.popupMs)],
  ]);
}

/** What is the same work must not take longer, or more room, after a hundred times as much history: with room for noise. */
const growth = 1.5;

export function storeText(result: StoreResult & Loaded): string {
  const { points, size } = result;
  const [first, last] = [points[0]!, points.at(-1)!];
  const each = (read: (point: StoreResult['points'][number]) => string) => points.map(read).join(' | ');
  const steady = (before: number, after: number) =>
    aim(after <= before * growth, `at most ${growth} x of the first: ${(after / before).toFixed(2)} x`);
  return table(`store: ${result.where}, ${size.channels} channels`, result, [
    ['after so many updates', each(({ updates }) => String(updates))],
    ['engine loaded', each(({ loadMs }) => ms(loadMs)), steady(first.loadMs, last.loadMs)],
    [
      'one payment, p50',
      each(({ singleP50Ms }) => ms(singleP50Ms)),
      steady(first.singleP50Ms, last.singleP50Ms),
    ],
    ['  p99', each(({ singleP99Ms }) => ms(singleP99Ms))],
    [
      'record of a channel',
      each(({ recordBytes }) => `${recordBytes.toFixed(0)} B`),
      steady(first.recordBytes, last.recordBytes),
    ],
    [
      'settings and nonces',
      each(({ otherBytes }) => `${otherBytes} B`),
      steady(first.otherBytes, last.otherBytes),
    ],
    ['history and outcome of an update', each(({ bytesPerUpdate }) => `${bytesPerUpdate.toFixed(0)} B`)],
    ['on the disk', each(({ diskBytes }) => `${(diskBytes / 1000).toFixed(0)} kB`)],
  ]);
}

export function vmText(result: VmResult & Loaded): string {
  const { calls, cosigned, sizes } = result;
  const grows = (name: string, part: Exclude<keyof SizeResult, 'entries'>): Row => {
    const [first, last] = [sizes[0]![part], sizes.at(-1)![part]];
    return [
      name,
      sizes.map((size) => ms(size[part])).join(' | '),
      aim(last <= first * growth, `at most ${growth} x of the first: ${(last / first).toFixed(2)} x`),
    ];
  };
  return table(`vm: ${result.where}`, result, [
    ...calls.map(({ name, perSecond, ms: each }): Row => [name, `${perSecond.toFixed(0)}/s, ${ms(each)}`]),
    ['one co-signed payment at a time', rateOf(cosigned.payment)],
    ['one co-signed call at a time', rateOf(cosigned.call)],
    ['beside so many map entries', sizes.map(({ entries }) => String(entries)).join(' | ')],
    grows('  a call that leaves the map alone', 'untouchedMs'),
    grows('  a call that changes an entry', 'touchedMs'),
    grows('  a call of another contract', 'besideMs'),
    grows('  a co-signed call that changes an entry', 'cosignedMs'),
  ]);
}

type Row = [name: string, value: string, aim?: string];

function table(title: string, { loadAverage }: Loaded, rows: Row[]): string {
  const load = loadAverage.map((one) => one.toFixed(1)).join(' before, ');
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value, met]) => `  ${name.padEnd(width)}  ${value}${met ? `  ${met}` : ''}`);
  return [`${title} (medians; load average ${load} after)`, ...lines].join('\n');
}

const aim = (met: boolean, what: string) => `(aim ${what}: ${met ? 'met' : 'MISSED'})`;
const percent = (part: number) => `${(100 * part).toFixed(0)} %`;
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const rateOf = ({ perSecond, p50Ms, p99Ms }: Rate) =>
  `${perSecond.toFixed(0)}/s, p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`;
