/** Metered calls: a contract in the channel with the shop peer answers each one and pays for it in the same step. */
import { call, create, look } from '/shared/contract.js';
import { ae, button, element, getJson, show, text } from '/shared/page.js';
import { findProvider } from '/shared/wallet.js';

const state = { shop: null, provider: null, account: null, channel: null, contract: null, meter: null };
let busy = false;

const key = (channel) => `meter.${state.account.address}.${channel.id}`;
const say = (words, className = '') =>
  Object.assign(document.getElementById('said'), { textContent: words, className });

async function start() {
  state.provider = await findProvider();
  try {
    state.shop = await getJson(`${(await getJson('/config.json')).shop}/shop.json`);
  } catch {
    say(
      'The shop does not answer. Start it with "npm start" or "npm run peer", then reload this page.',
      'bad',
    );
  }
  state.provider?.on('event', () => refresh());
  draw();
}

async function connect() {
  try {
    state.account = await state.provider.request({ method: 'connect' });
    await refresh();
  } catch (error) {
    say(error.message, 'bad');
  }
}

/** Events may come faster than the wallet answers: what was asked last is what is shown. */
let asked = 0;

async function refresh() {
  if (!state.account) return;
  asked += 1;
  const mine = asked;
  try {
    const params = { peer: state.shop.address };
    const channels = await state.provider.request({ method: 'channel.list', params });
    const channel = channels.find(({ phase }) => phase === 'open') ?? null;
    const contract = channel && localStorage.getItem(key(channel));
    // Until the new count is read, the old one stays: its buttons are in use.
    const meter = contract && (await read(channel, contract));
    if (mine === asked) Object.assign(state, { channel, contract, meter });
  } catch (error) {
    say(error.message, 'bad');
  }
  draw();
}

async function read(channel, contract) {
  const [[, , left, used], price] = await look(state.provider, channel.id, contract, 'view');
  return { left, used, price };
}

/** One thing at a time; what came of it is said. */
async function act(waiting, work) {
  if (busy) return;
  busy = true;
  say(waiting);
  draw();
  try {
    say(await work(), 'good');
  } catch (error) {
    say(error.message, 'bad');
  }
  busy = false;
  await refresh();
}

const make = () =>
  act('Approve the contract in Tandem …', async () => {
    const { contract } = await create(state.provider, state.channel.id, 'Meter', '0', [state.shop.address]);
    localStorage.setItem(key(state.channel), contract);
    return 'The meter is in your channel.';
  });
const change = (name, args, amount, told) =>
  act('Approve the call in Tandem …', async () =>
    told((await call(state.provider, state.channel.id, 'Meter', state.contract, name, args, amount)).value),
  );
const buy = (count) =>
  change('buy', [], String(state.meter.price * count), (left) => `You have ${left} calls.`);
const refund = () => change('refund', [], '0', (back) => `${back} calls were paid back.`);

function ask() {
  const number = document.getElementById('number').value.trim();
  if (!/^\d{1,7}$/.test(number) || Number(number) < 2 || Number(number) > 1_000_000)
    return say('Give a whole number from 2 to 1000000.', 'bad');
  change('factor', [BigInt(number)], '0', (factor) =>
    String(factor) === number ? `${number} is prime.` : `The smallest factor of ${number} is ${factor}.`,
  );
}

function account() {
  const { shop, provider, account: mine, channel } = state;
  if (!provider) return [text('You need the Tandem wallet here: load it, then reload this page.')];
  if (!shop) return [text('Opening the desk …', 'soft')];
  if (!mine) return [text('Connect your wallet to ask.'), button('Connect Tandem', connect)];
  if (!channel)
    return [
      text('You have no open channel with the shop. Open one in Tandem with its invite link:'),
      element('code', {}, shop.invite),
    ];
  return [text('Channel open.', 'good')];
}

function work() {
  const { channel, contract, meter } = state;
  if (!channel) return [];
  const card = (...parts) => [element('div', { className: 'card' }, ...parts)];
  if (!contract)
    return card(
      text('First, the meter’s contract is put into your channel. It costs nothing.'),
      button('Set up the meter', make, { disabled: busy }),
    );
  if (!meter) return card(text('Reading the meter …', 'soft'));
  const none = meter.left === 0n;
  return card(
    element('p', { id: 'meter' }, `${meter.left} calls left, ${meter.used} used, ${ae(meter.price)} each`),
    element(
      'div',
      { className: 'row' },
      button('Buy 10 calls', () => buy(10n), { disabled: busy }),
      button('Take back what is left', refund, { disabled: busy || none, className: 'plain' }),
    ),
    element(
      'label',
      {},
      'Number, 2 to 1000000',
      element('input', { id: 'number', inputMode: 'numeric', autocomplete: 'off' }),
    ),
    button('Find its smallest factor', ask, { disabled: busy || none }),
  );
}

function draw() {
  show('account', account());
  const typed = document.getElementById('number')?.value ?? '';
  show('work', work());
  const input = document.getElementById('number');
  if (input) input.value = typed;
}

start();
draw();
