/** Notifications in German. */
import { inAe } from '../../protocol/channel/units.ts';
import type { NoticeTexts } from './index.ts';

export const de: NoticeTexts = {
  received: ({ amount }) => [
    'Zahlung erhalten',
    `${inAe(amount).replace('.', ',')} AE sind über einen Kanal angekommen.`,
  ],
  channel_stopped: () => [
    'Ein Kanal steht still',
    'Öffne die Wallet: Sie sagt, warum, und was du tun kannst.',
  ],
  channel_closed: () => ['Kanal geschlossen', 'Deine Münzen sind wieder in deinem Konto.'],
  rival: () => [
    'Diese Wallet steht still',
    'Eine andere Installation von ihr ist aktiv. Öffne sie, um mehr zu sehen.',
  ],
  foreign: () => [
    'Dein Konto wird anderswo benutzt',
    'Eine Transaktion deines Kontos stammt nicht von dieser Wallet. Wenn Tandem mit denselben 12 Wörtern in einem anderen Browser läuft, benutze nur noch eine von beiden.',
  ],
  closing({ old, blocks, minutes }) {
    const within = `${blocks} ${blocks === 1 ? 'Block' : 'Blöcken'} (etwa ${minutes} Minuten)`;
    if (!old)
      return [
        'Ein Kanal wird geschlossen',
        `Einer deiner Kanäle wird mit seinem neuesten Stand geschlossen. Das lässt sich innerhalb von ${within} anfechten; du musst nichts tun.`,
      ];
    if (blocks === 0)
      return [
        'Ein Kanal wurde mit einem alten Stand geschlossen',
        'Die Zeit für eine Antwort ist vorbei. Entsperre die Wallet, um zu sehen, was noch geht.',
      ];
    return [
      'Entsperre die Wallet, um einen Kanal zu verteidigen',
      `Einer deiner Kanäle wird mit einem alten Stand geschlossen. Entsperre sie innerhalb von ${within}, um zu antworten.`,
    ];
  },
};
