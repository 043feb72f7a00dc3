/** The game for stakes: its rules, its coins, and what stalling comes to. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { addressOf, ae, alice, Board, bob } from './board.ts';

const patience = 20n;
const stake = 2n * ae;
const statuses = ['waiting', 'running', 'won', 'drawn', 'cancelled'];
let board: Board;

beforeEach(() => {
  board = new Board();
  expect(board.create('TicTacToe', stake, addressOf(bob), patience)).toMatchObject({ outcome: 'ok' });
});

const join = (amount = stake) => board.call(bob, 'join', [], amount);
/** The two in turn, Alice first. */
function play(...cells: number[]) {
  let last = join();
  cells.forEach((cell, index) => {
    last = board.call(index % 2 === 0 ? alice : bob, 'move', [cell]);
    expect(last).toMatchObject({ outcome: 'ok' });
  });
  return last;
}
function game() {
  const [state, cells] = board.look() as [unknown[], bigint[]];
  return {
    cells: cells.map(Number).join(''),
    next: state[5],
    deadline: state[6],
    status: statuses[(state[7] as { tag: number }).tag],
  };
}

describe('tic-tac-toe for stakes', () => {
  test('three in a row take both stakes', () => {
    play(0, 3, 1, 4, 2);
    expect(game()).toMatchObject({ status: 'won', cells: '111220000' });
    expect([board.balance(alice), board.balance(bob), board.held()]).toEqual([12n * ae, 8n * ae, 0n]);
  });

  test('the one who joined wins as well', () => {
    play(0, 2, 1, 4, 8, 6);
    expect(game().status).toBe('won');
    expect([board.balance(alice), board.balance(bob), board.held()]).toEqual([8n * ae, 12n * ae, 0n]);
  });

  test('a full board without a row splits the stakes', () => {
    play(0, 1, 2, 4, 3, 5, 7, 6, 8);
    expect(game().status).toBe('drawn');
    expect([board.balance(alice), board.balance(bob), board.held()]).toEqual([10n * ae, 10n * ae, 0n]);
  });

  test('the last cell can still win', () => {
    play(0, 1, 2, 3, 4, 5, 7, 6, 8);
    expect(game().status).toBe('won');
    expect(board.balance(alice)).toBe(12n * ae);
  });

  test('random games end as the rules of the game say, with every coin accounted for', () => {
    const lines = ['012', '345', '678', '036', '147', '258', '048', '246'];
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9 }), (cells) => {
        board = new Board();
        board.create('TicTacToe', stake, addressOf(bob), patience);
        join();
        const mine: string[][] = [[], []];
        let winner = -1;
        for (const [index, cell] of cells.entries()) {
          const answer = board.call(index % 2 === 0 ? alice : bob, 'move', [cell]);
          expect(answer.outcome).toBe(winner < 0 ? 'ok' : 'revert');
          if (winner >= 0) continue;
          const side = mine[index % 2]!;
          side.push(String(cell));
          if (lines.some((line) => [...line].every((one) => side.includes(one)))) winner = index % 2;
        }
        const gain = winner < 0 ? 0n : winner === 0 ? stake : -stake;
        expect(board.balance(alice)).toBe(10n * ae + gain);
        expect(board.balance(bob)).toBe(10n * ae - gain);
        expect(board.held()).toBe(0n);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what the game does not take', () => {
  const refused = (value: string) => ({ outcome: 'revert', value });

  test('a game against oneself, without a stake, with an odd one, or with too little time', () => {
    const fresh = (deposit: bigint, opponent: Uint8Array, blocks: bigint) =>
      new Board().create('TicTacToe', deposit, addressOf(opponent), blocks);
    expect(fresh(stake, alice, 20n).value).toMatch(/Play against someone else/);
    expect(fresh(0n, bob, 20n).value).toMatch(/Put a stake in/);
    expect(fresh(stake + 1n, bob, 20n).value).toMatch(/odd stake/);
    expect(fresh(stake, bob, 11n).value).toMatch(/at least 12 blocks/);
    expect(fresh(stake, bob, 20n).outcome).toBe('ok');
  });

  test('a move before the other one joined', () => {
    expect(board.call(alice, 'move', [0])).toEqual(refused('The game does not run'));
  });

  test('joining with another stake, by the first player, or twice', () => {
    expect(join(stake - 1n)).toEqual(refused('Put exactly the stake in'));
    expect(join(stake + 1n)).toEqual(refused('Put exactly the stake in'));
    expect(board.call(alice, 'join', [], stake)).toEqual(refused('Only the opponent joins'));
    expect(join().outcome).toBe('ok');
    expect(join()).toEqual(refused('The game has begun or is over'));
    expect(board.held()).toBe(2n * stake);
  });

  test('a move out of turn, onto a taken cell, or beside the board', () => {
    play(4);
    expect(board.call(alice, 'move', [0])).toEqual(refused('It is not your turn'));
    expect(board.call(bob, 'move', [4])).toEqual(refused('The cell is taken'));
    expect(board.call(bob, 'move', [9])).toEqual(refused('There are cells 0 to 8'));
    expect(board.call(bob, 'move', [-1])).toEqual(refused('There are cells 0 to 8'));
    expect(game().cells).toBe('000010000');
  });

  test('coins with a move', () => {
    join();
    expect(board.call(alice, 'move', [0], 1n).outcome).toBe('error');
    expect(board.held()).toBe(2n * stake);
  });

  test('a call of what is inside', () => {
    join();
    expect(board.call(bob, 'pay_all', [addressOf(bob)]).outcome).toBe('error');
    expect(board.held()).toBe(2n * stake);
  });

  test('anything once it is over', () => {
    play(0, 3, 1, 4, 2);
    board.height += 1_000n;
    for (const name of ['join', 'cancel', 'claim']) {
      expect(board.call(alice, name).outcome).toBe('revert');
      expect(board.call(bob, name).outcome).toBe('revert');
    }
    expect(board.call(bob, 'move', [8])).toEqual(refused('The game does not run'));
  });
});

describe('a game that stands still', () => {
  test('nobody joined: the stake goes back to who put it in, and to nobody else', () => {
    expect(board.call(bob, 'cancel')).toMatchObject({ outcome: 'revert' });
    expect(board.call(alice, 'cancel')).toMatchObject({ outcome: 'ok' });
    expect([board.balance(alice), board.held(), game().status]).toEqual([10n * ae, 0n, 'cancelled']);
    expect(join()).toMatchObject({ outcome: 'revert' });
  });

  test('once joined, nobody cancels', () => {
    join();
    expect(board.call(alice, 'cancel')).toMatchObject({ outcome: 'revert' });
  });

  test('the stakes go to the one who waits, not before the deadline is over, and never to the staller', () => {
    play(0);
    const deadline = game().deadline as bigint;
    board.height = deadline;
    expect(board.call(alice, 'claim').value).toBe('There is still time to move');
    board.height = deadline + 1n;
    expect(board.call(bob, 'claim').value).toBe('It is your own turn');
    expect(board.call(bob, 'move', [1]).value).toMatch(/^Too late/);
    expect(board.call(alice, 'claim')).toMatchObject({ outcome: 'ok' });
    expect(game().status).toBe('won');
    expect([board.balance(alice), board.balance(bob), board.held()]).toEqual([12n * ae, 8n * ae, 0n]);
  });

  test('the first player can stall as well', () => {
    join();
    board.height = (game().deadline as bigint) + 1n;
    expect(board.call(bob, 'claim')).toMatchObject({ outcome: 'ok' });
    expect(board.balance(bob)).toBe(12n * ae);
  });

  test('each turn has more than `patience` blocks and at most twice as many', () => {
    for (let offset = 0n; offset < patience; offset++) {
      board = new Board();
      board.height += offset;
      board.create('TicTacToe', stake, addressOf(bob), patience);
      join();
      const turn = (game().deadline as bigint) - board.height;
      expect(turn > patience && turn <= 2n * patience).toBe(true);
    }
  });

  test('a move that is forced on chain leaves the state that was signed, in whichever of the next blocks it is', () => {
    play(0);
    const { trees, round } = board;
    const at = (height: bigint) => {
      Object.assign(board, { trees, round, height });
      board.call(bob, 'move', [4]);
      return board.hash();
    };
    const signed = at(1_000n);
    expect(at(1_007n)).toBe(signed);
    expect(at(1_019n)).toBe(signed);
    expect(at(1_020n)).not.toBe(signed);
  });

  test('a claim that is forced leaves the same state at any height', () => {
    play(0);
    const { trees, round } = board;
    const at = (height: bigint) => {
      Object.assign(board, { trees, round, height });
      expect(board.call(alice, 'claim').outcome).toBe('ok');
      return board.hash();
    };
    expect(at(1_041n)).toBe(at(99_999n));
  });
});
