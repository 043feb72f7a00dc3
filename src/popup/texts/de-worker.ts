/**
 * What the worker says by itself, not in answer to a call: why a channel stopped, what happened on the chain, why node or
 * peer cannot be reached. It says it in English; here are the sentences that people meet, whole or by their pattern.
 */
const whole: Record<string, string> = {
  'Your wallet records the latest balances on the chain.':
    'Deine Wallet hält die neuesten Guthaben auf der Chain fest.',
  'You have the chain run a call of a contract that the other side did not answer.':
    'Du lässt die Chain einen Aufruf eines Vertrags ausführen, den die Gegenseite nicht beantwortet hat.',
  'You close this channel alone.': 'Du schließt diesen Kanal allein.',
  'Your wallet answered an old state with the latest one.':
    'Deine Wallet hat einem alten Stand den neuesten entgegengesetzt.',
  'Your wallet claims the balances of the closed channel.':
    'Deine Wallet holt die Guthaben aus dem geschlossenen Kanal.',
  'The close was not taken by the chain. Close the channel again.':
    'Die Chain hat das Schließen nicht angenommen. Schließe den Kanal noch einmal.',
  'The funding of this channel can never reach the chain: its number in the account of the side that opened it was used otherwise. Your coins are in your account.':
    'Die Einlage dieses Kanals kann nie auf die Chain kommen: Ihre Nummer im Konto der eröffnenden Seite ist anders verbraucht. Deine Münzen sind in deinem Konto.',
  'The channel was closed on the chain while this wallet was away.':
    'Der Kanal wurde auf der Chain geschlossen, während diese Wallet weg war.',
  'The other side took this payment by closing the channel with it.':
    'Die Gegenseite hat diese Zahlung genommen, indem sie den Kanal mit ihr schloss.',
  'The other side completed the funding although the opening was given up. Close the channel to get the coins back.':
    'Die Gegenseite hat die Einlage vollendet, obwohl das Öffnen aufgegeben war. Schließe den Kanal, um die Münzen zurückzubekommen.',
  'You gave this opening up.': 'Du hast dieses Öffnen aufgegeben.',
  'The other side declined this channel.': 'Die Gegenseite hat diesen Kanal abgelehnt.',
  'The other side did not answer in time. Nothing was committed.':
    'Die Gegenseite hat nicht rechtzeitig geantwortet. Nichts ist gebunden.',
  'Nobody decided about this channel in time. Nothing was committed.':
    'Niemand hat rechtzeitig über diesen Kanal entschieden. Nichts ist gebunden.',
  'The connection was lost before anything was committed.':
    'Die Verbindung brach ab, bevor etwas gebunden war.',
  'The other side recorded your last update on the chain without an answer.':
    'Die Gegenseite hat deine letzte Änderung ohne Antwort auf der Chain festgehalten.',
  'The chain ran your call; the channel goes on from its result.':
    'Die Chain hat deinen Aufruf ausgeführt; der Kanal geht von seinem Ergebnis aus weiter.',
  'The other side had the chain run a call of a contract; the channel goes on from its result.':
    'Die Gegenseite ließ die Chain einen Aufruf eines Vertrags ausführen; der Kanal geht von seinem Ergebnis aus weiter.',
  'A call of a contract was run by the chain; the channel goes on from its result.':
    'Die Chain hat einen Aufruf eines Vertrags ausgeführt; der Kanal geht von seinem Ergebnis aus weiter.',
  'The chain ran your call with another result than your wallet expected: fee and gas were paid, the channel stays as it was.':
    'Die Chain hat deinen Aufruf mit einem anderen Ergebnis ausgeführt, als deine Wallet erwartet hat: Gebühr und Gas sind gezahlt, der Kanal bleibt, wie er war.',
  'The chain did not take the record of the balances.': 'Die Chain hat die Guthaben nicht festgehalten.',
  'The chain did not take your call: nothing changed.':
    'Die Chain hat deinen Aufruf nicht angenommen: Nichts hat sich geändert.',
  'The other side declined. Nothing was paid.': 'Die Gegenseite hat abgelehnt. Nichts wurde gezahlt.',
  'The other side did not decide in time. Nothing was paid.':
    'Die Gegenseite hat sich nicht rechtzeitig entschieden. Nichts wurde gezahlt.',
  'The other side is busy. Nothing was paid; try again.':
    'Die Gegenseite ist beschäftigt. Nichts wurde gezahlt; versuche es noch einmal.',
  'The channel was closed without this payment. Nothing was paid.':
    'Der Kanal wurde ohne diese Zahlung geschlossen. Nichts wurde gezahlt.',
  'No address of the other side is known: ask it for a new invite.':
    'Keine Adresse der Gegenseite ist bekannt: Bitte sie um eine neue Einladung.',
  'The connection to the watchtower was lost.': 'Die Verbindung zum Wachturm ist abgebrochen.',
  'nobody decided in time': 'niemand hat rechtzeitig entschieden',
  'declined by the user': 'abgelehnt',
  'both sides proposed at once': 'beide Seiten haben zugleich etwas vorgeschlagen',
  'What answers there is no watchtower of the chain that your wallet is on.':
    'Was dort antwortet, ist kein Wachturm der Chain, auf der deine Wallet ist.',
};

const number = '(\\d+)';
const amount = '([\\d.]+)';
/** In German `{1}` is the first captured amount, with the German decimal mark; `{: 1}` a captured sentence. */
const patterns: [english: RegExp, german: string][] = [
  [/^Deposit by the (?:initiator|responder)$/, 'Einzahlung'],
  [/^Withdrawal by the (?:initiator|responder)$/, 'Auszahlung'],
  [
    new RegExp(`^State ${number} restored from the other side\\.$`),
    'Stand $1 wurde von der Gegenseite wiederhergestellt.',
  ],
  [
    new RegExp(`^You raised the network fee of this transaction from ${amount} to ${amount} AE\\.$`),
    'Du hast die Netzgebühr dieser Transaktion von {1} auf {2} AE erhöht.',
  ],
  [
    new RegExp(`^The chain settled with round ${number}; gone since block ${number}\\.$`),
    'Die Chain hat mit Runde $1 abgerechnet; fort seit Block $2.',
  ],
  [
    new RegExp(`^Your account holds ${amount} AE; this channel needs ${amount} AE with the fee\\.$`),
    'Dein Konto hat {1} AE; dieser Kanal braucht mit der Gebühr {2} AE.',
  ],
  [
    new RegExp(`^Your account holds ${amount} AE; this needs ${amount} AE with the fee\\.$`),
    'Dein Konto hat {1} AE; dies braucht mit der Gebühr {2} AE.',
  ],
  [
    new RegExp(
      `^Your account holds ${amount} AE; this needs ${amount} AE: ${amount} AE for the fee and up to ${amount} AE for gas\\.$`,
    ),
    'Dein Konto hat {1} AE; dies braucht {2} AE: {3} AE für die Gebühr und bis zu {4} AE für Gas.',
  ],
  [
    new RegExp(`^the account holds ${amount} AE; initiator_amount and fee need ${amount} AE$`),
    'Dein Konto hat {1} AE; Einlage und Gebühr brauchen {2} AE.',
  ],
  [
    new RegExp(`^This channel can pay at most ${amount} AE now: ${amount} AE stay as reserve\\.$`),
    'Dieser Kanal kann jetzt höchstens {1} AE zahlen: {2} AE bleiben als Reserve.',
  ],
  [
    new RegExp(`^The other side can pay at most ${amount} AE here\\.$`),
    'Die Gegenseite kann hier höchstens {1} AE zahlen.',
  ],
  [
    new RegExp(
      `^Your wallet's answer, round ${number}, is in block ${number}\\. It can be disputed until block ${number}\\.$`,
    ),
    'Die Antwort deiner Wallet, Runde $1, steht in Block $2. Bis Block $3 ist Einspruch möglich.',
  ],
  [
    new RegExp(
      `^The channel is being closed by one side with round ${number}, in block ${number}; it can be disputed until block ${number}\\.$`,
    ),
    'Der Kanal wird von einer Seite mit Runde $1 geschlossen, in Block $2; bis Block $3 ist Einspruch möglich.',
  ],
  [/^The other side is not online at (.+)\.$/, 'Die Gegenseite ist unter $1 nicht erreichbar.'],
  [/^The other side cannot be reached: (.+)$/, 'Die Gegenseite ist nicht zu erreichen. Genauer{: 1}'],
  [/^The other side reported: (.+)$/s, 'Die Gegenseite meldet{: 1}'],
  [
    /^Someone else answers at (.+): ask the other side for a new invite\.$/,
    'Unter $1 antwortet jemand anderes: Bitte die Gegenseite um eine neue Einladung.',
  ],
  [
    /^What answers at (.+) does not speak this wallet's protocol\.$/,
    'Was unter $1 antwortet, spricht nicht das Protokoll dieser Wallet.',
  ],
  [
    /^The node cannot be reached \((.+)\): .+ Check the network, and the node's address in the settings\.$/s,
    'Der Knoten ist nicht zu erreichen ($1). Prüfe die Verbindung und die Adresse des Knotens in den Einstellungen.',
  ],
  [
    /^The node cannot be used \((.+)\): (.+)\. Check the node's address in the settings, or try again later\.$/s,
    'Der Knoten ist nicht brauchbar ($1). Prüfe seine Adresse in den Einstellungen, oder versuche es später noch einmal. Genauer{: 2}',
  ],
  [
    /^There is no node's API at (.+): it knows no \/v3\/status\. Check the node's address in the settings\.$/,
    'Unter $1 ist kein Knoten. Prüfe die Adresse des Knotens in den Einstellungen.',
  ],
  [
    /^The node at (.+) answers for another chain than before\. Set the right node in Settings\.$/,
    'Der Knoten unter $1 antwortet für eine andere Chain als vorher. Stelle den richtigen ein.',
  ],
  [
    /^The node at (.+) is on another chain than your channels\. Set the right node in Settings\.$/,
    'Der Knoten unter $1 ist auf einer anderen Chain als deine Kanäle. Stelle den richtigen ein.',
  ],
  [/^This node is on (\S+), not (\S+)\.$/, 'Dieser Knoten ist auf $1, nicht auf $2.'],
  [
    /^The wallet’s data could not be written, and nothing of this step was kept: (.+)$/s,
    'Die Daten der Wallet ließen sich nicht schreiben, und nichts von diesem Schritt ist geblieben. Schaffe Platz auf der Festplatte. Genauer{: 1}',
  ],
];

/** Sentences within sentences: what another side wrote may go on like that for long. */
const deepest = 3;

/** A sentence within another one: said to be English where it is not known. */
function inner(sentence: string, depth: number): string {
  const german = depth < deepest ? inGerman(sentence, depth + 1) : null;
  return german === null ? ` (auf Englisch): ${sentence}` : `: ${german}`;
}

function inGerman(sentence: string, depth: number): string | null {
  if (Object.hasOwn(whole, sentence)) return whole[sentence]!;
  for (const [english, german] of patterns) {
    const found = english.exec(sentence);
    if (found)
      return german.replace(/\$(\d)|\{(: )?(\d)\}/g, (_, plain, colon, place) => {
        const captured = found[Number(plain ?? place)]!;
        return plain ? captured : colon ? inner(captured, depth) : captured.replace('.', ',');
      });
  }
  return null;
}

/** The sentence in German; null where this table does not have it. */
export const fromWorker = (sentence: string): string | null => inGerman(sentence, 0);

export const sentences: readonly string[] = Object.keys(whole);
