/** The report of how the wallet is: the same lines on screen, in the clipboard and in the file. */
import type { Diagnostics } from '../rpc/diagnostics.ts';
import { fullTime } from './format.ts';
import { t } from './texts/index.ts';

export type Section = { title: string; lines: [name: string, value: string][] };

export interface Surroundings {
  version: string;
  /** As it names itself. */
  browser: string;
  language: string;
}

const numbers = new Intl.NumberFormat(t.locale);
const yesNo = (value: boolean): string => (value ? t.diagnostics.yes : t.diagnostics.no);

export function reportOf(diagnostics: Diagnostics, around: Surroundings): Section[] {
  const words = t.diagnostics;
  const { worker, network, store, settings, counts, channels, failures } = diagnostics;
  return [
    {
      title: words.wallet,
      lines: [
        [words.version, around.version],
        [words.browser, around.browser],
        [words.language, around.language],
        [words.starts, `${worker.starts}, ${fullTime(worker.startedAt)}`],
        [words.state, worker.vault],
        [words.rival, yesNo(diagnostics.rival)],
        [words.counts, words.countsOf(counts)],
      ],
    },
    {
      title: t.settings.network,
      lines: [
        [t.settings.networkId, network.networkId],
        [words.node, network.node],
        [words.state, network.state],
        [words.height, network.height === null ? '–' : numbers.format(network.height)],
        [words.relay, yesNo(network.relay)],
      ],
    },
    {
      title: words.store,
      lines: [
        [words.state, store.ok ? 'ok' : words.storeFails],
        [words.schema, String(store.schema)],
        [words.size, store.bytes === null ? '–' : `${numbers.format(Math.ceil(store.bytes / 1000))} kB`],
        ...Object.entries(store.records).map(([table, count]): [string, string] => [
          table,
          numbers.format(count),
        ]),
      ],
    },
    {
      title: t.settings.title,
      lines: [
        [t.settings.autoLock, t.settings.minutes(settings.autoLockMinutes)],
        [t.settings.minimumDepth, String(settings.minimumDepth)],
        [t.settings.acceptIncoming, yesNo(settings.acceptIncoming)],
        [t.settings.watchtower, yesNo(settings.watchtower)],
      ],
    },
    {
      title: t.settings.channels,
      lines: channels.map((channel) => [
        channel.id,
        [
          channel.role,
          channel.phase,
          channel.connection,
          words.round(channel.sequenceNumber),
          channel.pending,
          channel.progress,
          channel.contracts > 0 && `contracts ${channel.contracts}`,
          channel.watchtower && 'watchtower',
          channel.recovered && 'recovered',
          channel.maybeStale && 'maybe stale',
        ]
          .filter(Boolean)
          .join(', '),
      ]),
    },
    {
      title: words.failures,
      lines: failures.map(({ at, where, code, words: said }) => [
        fullTime(at),
        [where, code, said].filter(Boolean).join(': '),
      ]),
    },
  ];
}

/** Plain text, a line each. */
export const textOf = (sections: readonly Section[]): string =>
  sections
    .map(({ title, lines }) =>
      [title, ...(lines.length === 0 ? ['–'] : lines.map(([name, value]) => `  ${name}: ${value}`))].join(
        '\n',
      ),
    )
    .join('\n\n');
