/**
 * A tab at the bar, by the client package: one channel, orders within a budget, a quiz that a contract pays for, a slip
 * of all that happened, and the bill. Loaded anew it goes on where it was.
 */
import { callData, readValue } from '/shared/fate.js';
import { ae, button, element, getJson, show, text, wishId } from '/shared/page.js';
import { Channel, codes, findProvider } from '/shared/sdk.js';

const coffee = 2n * 10n ** 16n;
/** Of one question of the quiz: the contract's own price. */
const question = 10n ** 15n;
const allowance = { amount: 10n ** 17n, perUpdate: 3n * 10n ** 16n, seconds: 3600 };

const state = { shop: null, provider: null, channel: null, own: '', balances: null, budget: null };
let busy = false;

/** What this page keeps: whether there is a tab, the slip, and the quiz. The client package keeps the rest. */
const kept = {
  get: (name) => JSON.parse(localStorage.getItem(`tab.${name}`) ?? 'null'),
  set: (name, value) => localStorage.setItem(`tab.${name}`, JSON.stringify(value)),
};
const say = (words, className = '') =>
  Object.assign(document.getElementById('said'), { textContent: words, className });

async function start() {
  draw();
  state.provider = await findProvider();
  try {
    state.shop = await getJson(`${(await getJson('/config.json')).shop}/shop.json`);
  } catch {
    say(
      'The bar does not answer. Start it with "npm start" or "npm run peer", then reload this page.',
      'bad',
    );
  }
  draw();
  if (state.provider && state.shop && kept.get('open')) await act('Looking for your tab …', open);
}

/** The tab there is, or a new one. */
async function open() {
  const { address, invite } = state.shop;
  const channel = await Channel.initialize({
    role: 'initiator',
    responderId: address,
    invite,
    initiatorAmount: 10n ** 18n,
    responderAmount: 10n ** 18n,
    pushAmount: 0n,
    channelReserve: 0n,
    lockPeriod: 10,
  });
  kept.set('open', true);
  state.channel = channel;
  channel.on('event', note);
  channel.on('statusChanged', refresh);
  channel.on('stateChanged', refresh);
  channel.on('budgetChanged', refresh);
  channel.on('message', (words) => say(`The bar says: ${words}`, 'good'));
  channel.on('error', ({ message }) => say(message, 'bad'));
  for (const { requestId, params } of await channel.pending())
    channel.retry(requestId).then(
      () => say(`Done, from before: ${params.note ?? 'what you had asked for'}.`, 'good'),
      ({ message }) => say(message, 'bad'),
    );
  await refresh();
  return '';
}

/** Everything that the wallet tells, on the slip at once: nothing is missed, nothing is there twice. */
function note({ number, type, detail }) {
  const words =
    detail.phase ?? detail.text ?? detail.what ?? detail.reason ?? (detail.mine ? ae(detail.mine) : '');
  kept.set('slip', [...(kept.get('slip') ?? []), { number, line: `${type} ${words}`.trim() }]);
  draw();
}

async function refresh() {
  const { channel } = state;
  try {
    if (channel.round() !== null) {
      const { balances } = await channel.state();
      state.own = Object.keys(balances).find((account) => account !== channel.peer());
      state.balances = balances;
      if (channel.status() === 'open') state.budget = await channel.budget();
    }
    if (['closed', 'died'].includes(channel.status())) kept.set('open', false);
  } catch (error) {
    say(error.message, 'bad');
  }
  draw();
}

/** One thing at a time; what came of it is said. */
async function act(waiting, work) {
  if (busy) return;
  busy = true;
  say(waiting);
  draw();
  try {
    const words = await work();
    if (words) say(words, 'good');
    else if (document.getElementById('said').textContent === waiting) say('');
  } catch (error) {
    say(error.code === codes.userRejected ? 'You said no.' : error.message, 'bad');
  }
  busy = false;
  draw();
}

/** An answer of the Channel: the person, or the bar, may have said no. */
function taken(answer) {
  if (!answer.accepted) throw Object.assign(new Error(answer.errorMessage), { code: answer.errorCode });
  return answer;
}

const order = () =>
  act('Ordering …', async () => {
    const { channel, own } = state;
    const id = wishId();
    taken(await channel.update(own, channel.peer(), coffee, [`coffee ${id}`], { requestId: id }));
    await channel.sendMessage(`coffee ${id}`);
    return 'One coffee, paid.';
  });

const allow = () =>
  act('Approve the budget in Tandem …', async () => {
    state.budget = await state.channel.requestBudget(allowance);
    return 'Orders are paid without a question now.';
  });

const quiz = () =>
  act('Approve the quiz in Tandem …', async () => {
    const { code, aci } = await getJson('/contracts/Meter.json');
    const { channel } = state;
    const { address } = taken(
      await channel.createContract({ code, aci, callData: callData('init', channel.peer()), deposit: 0n }),
    );
    kept.set('quiz', address);
    return 'The quiz is on your tab.';
  });

async function call(name, args = [], amount = 0n) {
  const { aci } = await getJson('/contracts/Meter.json');
  const given = { contract: kept.get('quiz'), callData: callData(name, ...args), amount, aci };
  const { outcome } = taken(await state.channel.callContract(given));
  if (outcome.returnType !== 'ok') throw new Error(String(readValue(outcome.returnValue)));
  return readValue(outcome.returnValue);
}

const ask = () =>
  act('Approve both calls in Tandem …', async () => {
    await call('buy', [], question);
    return `The smallest factor of 994009 is ${await call('factor', [994009])}.`;
  });

const settle = () =>
  act('Approve it in Tandem …', async () => {
    const [held] = Object.values(await state.channel.balances([kept.get('quiz') ?? '']));
    // An agreed close would lose what the contract holds.
    if (held && BigInt(held) > 0n) await call('refund');
    await state.channel.shutdown();
    kept.set('open', false);
    return 'Settled. Come again!';
  });

// ── What is shown ──────────────────────────────────────────────────────────────────────────────────────────────

function tab() {
  const { provider, shop, channel, balances, own } = state;
  if (!provider) return [text('You need the Tandem wallet here: load it, then reload this page.')];
  if (!shop) return [text('Opening the bar …', 'soft')];
  if (!channel || ['closed', 'died'].includes(channel.status()))
    return [
      text('You have no tab. One AE goes in; what you do not spend stays yours.'),
      button('Open a tab', () => act('Approve it in Tandem …', open), { disabled: busy }),
    ];
  if (channel.status() !== 'open' || !balances)
    return [
      text(`Your tab is ${channel.status()} …`),
      text('Tandem shows how many blocks are left.', 'soft'),
    ];
  return [
    text('Left on your tab', 'soft'),
    element('p', { className: 'amount', id: 'left' }, ae(balances[own])),
  ];
}

function orders() {
  const { channel, budget, balances } = state;
  if (channel?.status() !== 'open' || !balances) return [];
  const row = (...parts) => element('div', { className: 'row' }, ...parts);
  return [
    element(
      'div',
      { className: 'card' },
      row(
        button(`Order a coffee, ${ae(coffee)}`, order, { disabled: busy }),
        button('Settle', settle, { disabled: busy, className: 'plain' }),
      ),
      budget
        ? text(`${ae(budget.left)} more without a question.`, 'soft')
        : button('Order without questions', allow, { disabled: busy, className: 'plain' }),
      kept.get('quiz')
        ? button(`Ask the quiz, ${ae(question)}`, ask, { disabled: busy, className: 'plain' })
        : button('Put the quiz on the tab', quiz, { disabled: busy, className: 'plain' }),
    ),
  ];
}

function draw() {
  show('tab', tab());
  show('orders', orders());
  const slip = kept.get('slip') ?? [];
  show(
    'slip',
    slip
      .slice(-12)
      .reverse()
      .map(({ number, line }) => element('li', { value: number }, line)),
  );
  document.getElementById('slip-section').hidden = slip.length === 0;
}

start();
