/** The game between two wallets. The contract decides everything; this page reads it and asks the wallet for moves. */
import { call, create, load, look } from '/shared/contract.js';
import { ae, aetto, button, element, show, text } from '/shared/page.js';
import { connect as connectWallet, findProvider } from '/shared/wallet.js';

/** Key blocks for a move, at least: about an hour. `?patience=` is for chains with quicker blocks. */
const patience = Number(new URLSearchParams(location.search).get('patience') ?? 20);
const state = { provider: null, account: null, peer: '', channel: null, contract: null, game: null };
const status = ['waiting', 'running', 'won', 'drawn', 'cancelled'];
/** In these the two make no moves together any more; what is left to claim goes through the chain. */
const ending = ['shutting_down', 'closing', 'closing_solo', 'failed'];
const marks = ['', '✕', '◯'];
const names = ['empty', 'cross', 'nought'];
let busy = false;

const key = (channel = state.channel.id) => `tictactoe.${state.account.address}.${channel}`;
const say = (words, className = '') =>
  Object.assign(document.getElementById('said'), { textContent: words, className });

async function start() {
  state.provider = await findProvider();
  draw();
}

/** A game that the other side made in a channel is an invitation to it, also one made while this page was closed. */
async function follow({ type, id, detail }) {
  if (type === 'newContract' && detail.by === 'peer')
    if (detail.codeHash === (await load('TicTacToe')).codeHash)
      localStorage.setItem(key(id), detail.contract);
  await refresh();
}

async function connect() {
  const peer = document.getElementById('peer').value.trim();
  try {
    const first = !state.account;
    const { client, ...account } = await connectWallet({ provider: state.provider });
    state.account = account;
    state.peer = peer;
    await refresh();
    if (first) await client.follow({ key: 'tictactoe', after: 0, listener: follow });
  } catch (error) {
    say(error.message, 'bad');
  }
}

async function refresh() {
  if (!state.account) return;
  try {
    const params = { peer: state.peer };
    const channels = await state.provider.request({ method: 'channel.list', params });
    state.channel = channels.find(({ phase }) => ['open', ...ending].includes(phase)) ?? null;
    state.contract = state.channel && localStorage.getItem(key());
    state.game = state.contract ? await read() : null;
  } catch (error) {
    say(error.message, 'bad');
  }
  draw();
}

async function read() {
  const [game, cells, height] = await look(state.provider, state.channel.id, state.contract, 'view');
  const [first, second, stake, , , next, deadline, result] = game;
  const mine = state.account.address;
  const winner = result.fields[0];
  return {
    cells,
    stake,
    first,
    second,
    mine,
    next,
    winner,
    status: status[result.tag],
    left: deadline - height,
  };
}

/** One thing at a time. */
async function act(work) {
  if (busy) return;
  busy = true;
  say('Approve it in Tandem …');
  draw();
  try {
    await work();
    say('');
  } catch (error) {
    say(error.message, 'bad');
  }
  busy = false;
  await refresh();
}
const tell = (name, args = [], amount = '0') =>
  act(() => call(state.provider, state.channel.id, 'TicTacToe', state.contract, name, args, amount));

function begin() {
  const stake = aetto(document.getElementById('stake').value);
  if (!stake || stake % 2n === 1n) return say('Give a stake in AE, such as 0.5.', 'bad');
  act(async () => {
    const args = [state.peer, BigInt(patience)];
    const { contract } = await create(state.provider, state.channel.id, 'TicTacToe', String(stake), args);
    localStorage.setItem(key(), contract);
  });
}

function account() {
  const { provider, account: mine, channel } = state;
  if (!provider) return [text('You need the Tandem wallet to play: load it, then reload this page.')];
  if (!mine)
    return [
      element(
        'label',
        {},
        'Your opponent’s address (ak_…)',
        element('input', { id: 'peer', autocomplete: 'off', spellcheck: false }),
      ),
      button('Connect Tandem', connect),
    ];
  if (!channel)
    return [
      text(
        'You have no open channel with that account. Open one in Tandem with your opponent’s invite link.',
      ),
      button('Check again', refresh, { className: 'plain' }),
    ];
  if (channel.phase !== 'open') return [text('The channel is being closed, or has stopped.', 'bad')];
  return [text('Channel open.', 'good')];
}

function words(game) {
  const { mine, next, winner, left, stake } = game;
  if (game.status === 'waiting')
    return game.second === mine
      ? `You are invited: put ${ae(stake)} in to play.`
      : `Your stake of ${ae(stake)} waits for your opponent.`;
  if (game.status === 'drawn') return 'A draw: both stakes went back.';
  if (game.status === 'cancelled') return 'The game was cancelled; the stake went back.';
  if (game.status === 'won')
    return winner === mine ? `You won ${ae(2n * stake)}.` : `You lost your stake of ${ae(stake)}.`;
  if (left < 0n)
    return next === mine
      ? 'Your time is over: your opponent may claim both stakes.'
      : 'Your opponent’s time is over: claim both stakes.';
  return next === mine
    ? `It is your turn, ${left} blocks are left. Without a move you lose.`
    : `Your opponent’s turn, ${left} blocks are left.`;
}

function board(game) {
  const open = game.status === 'running' && game.next === game.mine && game.left >= 0n && !busy;
  return element(
    'div',
    { id: 'board', role: 'group', ariaLabel: 'Board' },
    ...game.cells.map((cell, index) => {
      const made = button(marks[Number(cell)], () => tell('move', [BigInt(index)]), {
        disabled: !open || cell !== 0n,
      });
      const place = `row ${Math.floor(index / 3) + 1}, column ${(index % 3) + 1}`;
      made.setAttribute('aria-label', `${place}: ${names[Number(cell)]}`);
      return made;
    }),
  );
}

function work() {
  const { channel, game } = state;
  if (!channel) return [];
  const parts = [];
  if (game) {
    const turn = element('p', { id: 'turn', className: 'good' }, words(game));
    turn.setAttribute('aria-live', 'polite');
    parts.push(turn, board(game));
    const waiting = game.status === 'waiting';
    if (waiting && game.second === game.mine)
      parts.push(button('Join', () => tell('join', [], String(game.stake)), { disabled: busy }));
    if (waiting && game.first === game.mine)
      parts.push(button('Take the stake back', () => tell('cancel'), { className: 'plain', disabled: busy }));
    if (game.status === 'running' && game.next !== game.mine) {
      if (game.left < 0n) parts.push(button('Claim both stakes', () => tell('claim'), { disabled: busy }));
      parts.push(
        text(
          'If your opponent neither moves nor signs any more, the game is stalled: once the blocks are over you have won. ' +
            'Claim both stakes then. Where your opponent does not sign that, Tandem offers to have the chain do it: ' +
            'open the channel there.',
          'soft',
        ),
        element('code', { id: 'contract' }, state.contract),
      );
    }
  }
  if (!game || !['waiting', 'running'].includes(game.status))
    parts.push(
      element(
        'label',
        {},
        'Stake of each player, in AE',
        element('input', { id: 'stake', inputMode: 'decimal', autocomplete: 'off' }),
      ),
      button('Start a game', begin, { disabled: busy }),
    );
  return [element('div', { className: 'card' }, ...parts)];
}

function draw() {
  const typed = Object.fromEntries(
    [...document.querySelectorAll('input')].map(({ id, value }) => [id, value]),
  );
  show('account', account());
  show('work', work());
  for (const input of document.querySelectorAll('input')) input.value = typed[input.id] ?? '';
}

/** Time passes without an event. */
setInterval(() => {
  if (!busy && state.game?.status === 'running') refresh();
}, 5_000);

start();
draw();
