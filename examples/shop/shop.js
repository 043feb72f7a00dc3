/** A small shop: one channel with the customer, one payment per cup. Who is paid comes from the shop's own server. */
import { ae, button, element, getJson, show, text } from '/shared/page.js';
import { findProvider, isDeclined, isNotConnected, isRefused } from '/shared/wallet.js';
import * as orders from './orders.js';

const descriptions = {
  espresso: 'Short, dark, from this morning’s roast.',
  'flat-white': 'A double, with milk like velvet.',
  filter: 'Slow and clear; ask what is on today.',
};
const connectedKey = 'two-hands-coffee.connected';

const state = {
  /** @type {{ name: string, address: string, invite: string, networkId: string, prices: Record<string, string> } | null} */
  shop: null,
  shopUrl: '',
  provider: null,
  /** Undefined until asked. */
  account: undefined,
  channel: null,
  balances: null,
  problem: '',
};
/** Orders whose outcome this page waits for. */
const asking = new Set();

async function start() {
  draw();
  state.provider = await findProvider();
  try {
    state.shopUrl = (await getJson('config.json')).shop;
    state.shop = await getJson(`${state.shopUrl}/shop.json`);
  } catch {
    state.problem =
      'The shop does not answer. Start it with "npm start" or "npm run peer", then reload this page.';
  }
  draw();
  if (!state.shop || !state.provider) return;
  state.provider.on('event', () => refresh());
  addEventListener('visibilitychange', () => document.hidden || refresh());
  if (localStorage.getItem(connectedKey)) await connect();
}

async function connect() {
  state.problem = '';
  try {
    state.account = await state.provider.request({ method: 'connect' });
    localStorage.setItem(connectedKey, 'yes');
    await refresh();
    for (const order of orders.load()) {
      if (order.state === 'asking') pay(order);
      else if (order.state === 'paid' && !order.confirmed) confirm(order);
    }
  } catch (error) {
    if (isDeclined(error)) localStorage.removeItem(connectedKey);
    state.problem = error.message;
  }
  draw();
}

/** The channel with this shop: an open one, or else the newest. */
async function refresh() {
  if (!state.account) return;
  try {
    const params = { peer: state.shop.address };
    const channels = await state.provider.request({ method: 'channel.list', params });
    const channel = channels.find(({ phase }) => phase === 'open') ?? channels[0] ?? null;
    state.channel = channel;
    state.balances =
      channel?.phase === 'open'
        ? await state.provider.request({ method: 'channel.balances', params: { id: channel.id } })
        : null;
    state.problem = '';
  } catch (error) {
    if (isNotConnected(error)) {
      state.account = undefined;
      localStorage.removeItem(connectedKey);
    } else state.problem = error.message;
  }
  draw();
}

function buy(item) {
  pay(orders.create(item, state.shop.prices[item], state.channel.id));
}

async function pay(order) {
  if (asking.has(order.id)) return;
  asking.add(order.id);
  orders.change(order.id, { message: '' });
  draw();
  try {
    await state.provider.request({
      method: 'channel.transfer',
      params: { id: order.channel, amount: order.amount, note: orders.note(order), requestId: order.id },
    });
    orders.change(order.id, { state: 'paid' });
    confirm(order);
  } catch (error) {
    const outcome = isDeclined(error) ? 'declined' : isRefused(error) ? 'failed' : 'asking';
    orders.change(order.id, { state: outcome, message: error.message });
  }
  asking.delete(order.id);
  await refresh();
}

/** The shop says itself that it has the money. */
async function confirm(order) {
  for (let tries = 0; tries < 20; tries++) {
    try {
      const { paid } = await getJson(`${state.shopUrl}/orders/${order.id}`);
      if (paid) {
        orders.change(order.id, { confirmed: true });
        return draw();
      }
    } catch {
      // The payment is co-signed in any case: the shop is asked again.
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

// ── What is shown ──────────────────────────────────────────────────────────────────────────────────────────────

function draw() {
  show('account', account());
  show('menu', menu());
  const list = orders.load();
  show('orders', list.map(orderRow));
  document.getElementById('orders-section').hidden = list.length === 0;
}

function account() {
  const { shop, provider, account: mine, channel, balances, problem } = state;
  const trouble = problem ? text(problem, 'bad') : null;
  if (!shop) return [trouble ?? text('Opening the shop …', 'soft')];
  if (!provider)
    return [
      text('You need the Tandem wallet to pay here.'),
      text(
        'Load it in chrome://extensions (“Load unpacked”, the folder dist), then reload this page.',
        'soft',
      ),
    ];
  const parts = () => {
    if (!mine) return [text('Connect your wallet to pay.'), button('Connect Tandem', connect)];
    if (mine.networkId !== shop.networkId)
      return [
        text(
          `Your wallet is on ${mine.networkId}, this shop on ${shop.networkId}: switch it in Tandem’s settings.`,
          'bad',
        ),
        button('Check again', connect, { className: 'plain' }),
      ];
    if (!channel || ['closed', 'aborted', 'failed'].includes(channel.phase)) return invite(shop);
    if (channel.phase !== 'open')
      return [
        text(`Your channel with us is ${channel.phase.replaceAll('_', ' ')} …`),
        text('Tandem shows how many blocks are left.', 'soft'),
      ];
    const online = channel.connection === 'online';
    return [
      text('You can spend here', 'soft'),
      element('p', { className: 'amount', id: 'spendable' }, balances ? ae(balances.spendable) : '…'),
      text(
        online ? 'Channel open, shop connected.' : 'Channel open, connecting to the shop …',
        online ? 'good' : 'soft',
      ),
    ];
  };
  return [...parts(), trouble].filter((part) => part !== null);
}

function invite(shop) {
  const copy = button('Copy invite link', async () => {
    await navigator.clipboard.writeText(shop.invite);
    copy.textContent = 'Copied';
  });
  return [
    text('You have no channel with us yet. It takes a minute, once:'),
    element(
      'ol',
      {},
      element('li', {}, 'Copy our invite link.'),
      element('li', {}, 'In Tandem, choose “Open a channel” and paste it.'),
      element('li', {}, 'Decide how much to put in. What you do not spend stays yours.'),
    ),
    element('code', { id: 'invite' }, shop.invite),
    element('div', { className: 'row' }, copy, button('I have opened it', refresh, { className: 'plain' })),
  ];
}

function menu() {
  const { shop, balances, channel } = state;
  return Object.entries(shop?.prices ?? {}).map(([item, price]) => {
    const name = item[0].toUpperCase() + item.slice(1).replaceAll('-', ' ');
    const affordable = balances !== null && BigInt(balances.spendable) >= BigInt(price);
    const why = balances && !affordable ? text('More than your channel can spend.', 'soft') : null;
    return element(
      'li',
      {},
      element('h3', {}, name),
      text(descriptions[item] ?? '', 'soft'),
      text(ae(price), 'price'),
      button(`Buy ${name.toLowerCase()}`, () => buy(item), {
        disabled: !affordable || channel.connection !== 'online' || asking.size > 0,
      }),
      why,
    );
  });
}

function orderRow(order) {
  const label = element('strong', {}, `${order.item.replaceAll('-', ' ')}, ${ae(order.amount)}`);
  const row = (note, className, ...more) => {
    const made = element(
      'li',
      {},
      element('div', { className: 'text' }, label, text(note, className)),
      ...more,
    );
    made.dataset.state = order.state;
    made.dataset.order = order.id;
    return made;
  };
  const dismiss = button(
    'Remove',
    () => {
      orders.remove(order.id);
      draw();
    },
    { className: 'plain' },
  );
  if (order.state === 'paid') {
    const said = order.confirmed
      ? 'Paid, and confirmed by the shop. Your cup is ready at the counter:'
      : 'Paid and co-signed. Your cup is on its way:';
    return row(said, 'good', element('span', { className: 'ticket' }, orders.ticket(order)));
  }
  if (order.state === 'declined') return row('You declined this payment.', 'soft', dismiss);
  if (order.state === 'failed') return row(`Not paid: ${order.message}`, 'bad', dismiss);
  if (asking.has(order.id)) return row('Approve the payment in Tandem …', 'soft');
  const again = button('Ask again', () => pay(order), { className: 'plain', disabled: !state.account });
  return row(
    order.message ? `Not known yet: ${order.message}` : 'Not finished. Asking again never pays twice.',
    'soft',
    again,
  );
}

start();
