/**
 * The compiler's standard library: List, ListInternal, Option, String, Pair, Func. Each public function is called by a
 * contract that the node ran (fate_contracts.json) or by one here, whose results follow from what the library says.
 */
import { describe, expect, test } from 'vitest';
import { alice, Board } from '../examples/board.ts';
import { readVectors } from './replay.ts';

const some = (value: unknown) => ({ tag: 1, fields: [value] });
const none = { tag: 0, fields: [] };
const list = (...numbers: number[]) => numbers.map(BigInt);

/** By library, then function: what the entrypoint of that name gives. */
const results: Record<string, Record<string, unknown>> = {
  List: {
    is_empty: [true, false],
    drop_last: [none, some([]), some(list(1, 2))],
    drop_last_unsafe: list(1, 2),
    nth: [some(7n), some(8n), none],
    length: [0n, 3n],
    from_to: [list(2, 3, 4), [], list(-1)],
    foreach: list(3, 2, 1),
    merge: list(0, 1, 4, 4, 4, 9, 10),
    sort: [list(1, 2, 3, 3, 5, 8, 9), list(1, 5, 7, 9), list(1, 2, 2, 3), []],
  },
  ListInternal: { flat_map: list(1, 10, 2, 20, 3, 30), from_to: [list(2, 3, 4, 5), []] },
  Option: {
    is_none: [true, false],
    is_some: [false, true],
    match: [5n, 8n],
    contains: [false, true, false],
    on_elem: list(4),
    map3: [some(123n), none],
    app_over: [some(2n), none, none],
    choose_first: [some(2n), none, none],
  },
  Pair: { map2: ['a', 2n], bimap: [2n, false] },
  Func: {
    pipe: 12n,
    recur: 3_628_800n,
    ...Object.fromEntries(
      [2, 3, 4, 5].flatMap((arity) =>
        ['curry', 'uncurry', 'tuplify', 'untuplify']
          .filter((name) => name !== 'curry' || arity > 2)
          .map((name) => [`${name}${arity}`, BigInt('12345'.slice(0, arity))]),
      ),
    ),
  },
};

/** Public functions, as the library of compiler 8 has them. */
const library: Record<string, string> = {
  List: `is_empty first tail last drop_last drop_last_unsafe contains find find_indices nth get length from_to
    from_to_step replace_at insert_at insert_by foldr foldl foreach reverse map flat_map filter take drop take_while
    drop_while partition flatten all any sum product zip unzip merge sort intersperse enumerate`,
  ListInternal: 'flat_map from_to',
  Option: `is_none is_some match default force force_msg contains on_elem map map2 map3 app_over flat_map to_list
    filter_options seq_options choose choose_first`,
  String: `to_bytes sha3 sha256 blake2b length concat concats from_list to_list to_lower to_upper split at contains tokens
    to_int`,
  Pair: 'fst snd map1 map2 bimap swap',
  Func: `id const flip comp pipe rapply recur iter curry2 curry3 curry4 curry5 uncurry2 uncurry3 uncurry4 uncurry5 tuplify2
    tuplify3 tuplify4 tuplify5 untuplify2 untuplify3 untuplify4 untuplify5`,
};

describe.each(Object.entries(library))('%s', (name, functions) => {
  const recorded = JSON.stringify(readVectors('fate_contracts.json'));
  test.each(functions.split(/\s+/))('%s runs with the expected result', (fn) => {
    const expected = results[name]?.[fn];
    if (expected === undefined) {
      // `vectors.test.ts` holds it against the node.
      expect(new RegExp(`\\b${name}\\.${fn}\\b`).test(recorded), 'a recorded contract has it').toBe(true);
      return;
    }
    const board = new Board();
    expect(board.create('Stdlib', 0n)).toMatchObject({ outcome: 'ok' });
    const made = board.call(alice, `${name.toLowerCase()}_${fn}`, []);
    expect(made).toMatchObject({ outcome: 'ok', value: expected });
  });
});

test('List.drop_last_unsafe of an empty list aborts', () => {
  const board = new Board();
  board.create('Stdlib', 0n);
  expect(board.call(alice, 'list_drop_last_unsafe_of_none', [])).toMatchObject({ outcome: 'revert' });
});
