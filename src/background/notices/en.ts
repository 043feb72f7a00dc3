/** Notifications in English. */
import { inAe } from '../../protocol/channel/units.ts';
import type { NoticeTexts } from './index.ts';

export const en: NoticeTexts = {
  received: ({ amount }) => ['Payment received', `${inAe(amount)} AE arrived over a channel.`],
  channel_stopped: () => ['A channel stopped', 'Open the wallet to see why, and what you can do.'],
  channel_closed: () => ['Channel closed', 'Your coins are back in your account.'],
  rival: () => ['This wallet has stopped', 'Another installation of it is active. Open it to see more.'],
  foreign: () => [
    'Your account is used elsewhere',
    'A transaction of your account was not made by this wallet. If the same phrase runs Tandem in another browser, stop using one of the two.',
  ],
  closing({ old, blocks, minutes }) {
    const within = `${blocks} ${blocks === 1 ? 'block' : 'blocks'} (about ${minutes} minutes)`;
    if (!old)
      return [
        'A channel is being closed',
        `One of your channels is being closed with its latest state. It can be disputed for ${within}; you need not do anything.`,
      ];
    if (blocks === 0)
      return [
        'A channel was closed with an old state',
        'The time to answer is over. Unlock the wallet to see what can still be done.',
      ];
    return [
      'Unlock your wallet to defend a channel',
      `One of your channels is being closed with an old state. Unlock within ${within} to answer.`,
    ];
  },
};
