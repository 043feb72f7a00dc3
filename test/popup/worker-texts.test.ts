/** What the worker says by itself, in German. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { de } from '../../src/popup/texts/de.ts';
import { fromWorker, sentences } from '../../src/popup/texts/de-worker.ts';
import { en } from '../../src/popup/texts/en.ts';

const source = ['src/protocol', 'src/engine', 'src/background']
  .flatMap((folder) =>
    readdirSync(join(import.meta.dirname, '../..', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(import.meta.dirname, '../..', folder, name), 'utf8')),
  )
  .join('\n');

describe('a sentence of the worker', () => {
  test.each(sentences)('%s: is one that the worker says', (sentence) => {
    expect(source).toContain(sentence);
  });

  test.each([
    ['State 17 restored from the other side.', 'Stand 17 wurde'],
    ['You raised the network fee of this transaction from 0.1 to 0.25 AE.', 'von 0,1 auf 0,25 AE'],
    ['Your account holds 1.5 AE; this channel needs 2 AE with the fee.', 'Dein Konto hat 1,5 AE'],
    ['The other side is not online at /ip4/127.0.0.1/tcp/1/ws.', 'unter /ip4/127.0.0.1/tcp/1/ws nicht'],
    [
      "The node cannot be reached (http://localhost:3013/v3/status): fetch failed (ECONNREFUSED). Check the network, and the node's address in the settings.",
      'ist nicht zu erreichen (http://localhost:3013/v3/status)',
    ],
    ['This node is on ae_uat, not ae_mainnet.', 'auf ae_uat, nicht auf ae_mainnet'],
    ['Deposit by the initiator', 'Einzahlung'],
    [
      'The channel is being closed by one side with round 17, in block 900; it can be disputed until block 1380.',
      'mit Runde 17 geschlossen, in Block 900; bis Block 1380',
    ],
    [
      "Your wallet's answer, round 18, is in block 901. It can be disputed until block 1381.",
      'Bis Block 1381',
    ],
    ['The other side reported: nobody decided in time', 'meldet: niemand hat rechtzeitig entschieden'],
    ['The other side reported: Something new.', 'meldet (auf Englisch): Something new.'],
    [
      'The other side cannot be reached: The connection to the watchtower was lost.',
      'Genauer: Die Verbindung zum Wachturm ist abgebrochen.',
    ],
    ['This channel can pay at most 1.5 AE now: 0.5 AE stay as reserve.', 'höchstens 1,5 AE zahlen: 0,5 AE'],
  ])('%s keeps what it says of this case', (english, german) => {
    expect(fromWorker(english)).toContain(german);
  });

  it('that has no translation is said to be English, and in English stays as it is', () => {
    expect(de.errors.fromWorker('Something new.')).toBeNull();
    expect(de.errors.withDetail(null, 'Something new.')).toContain('auf Englisch');
    expect(en.errors.fromWorker('Something new.')).toBe('Something new.');
  });
});
