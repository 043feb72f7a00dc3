/**
 * State trees of channels with contracts, as the store holds them: each node once, by its hash, and the six roots in the
 * channel's record. A commit writes the nodes that its record needs and that are not there yet; those that no record
 * needs any more are removed now and then.
 */
import { toHex } from '../protocol/bytes.ts';
import {
  type Channel,
  type CoSigned,
  isMissed,
  isOver,
  type Move,
  type Proposal,
} from '../protocol/channel/index.ts';
import { Mpt } from '../protocol/state/mpt.ts';
import { hashOrder, type TreeName, type Trees } from '../protocol/state/trees.ts';
import { type Store, StoreError, type Write } from './ports.ts';

/** Root hashes of the six trees. */
export type Roots = Record<TreeName, Uint8Array>;

type Rooted<T extends { trees?: Trees }> = Omit<T, 'trees'> & { trees?: Roots };
type LastMove = NonNullable<Channel['lastMove']>;
/** A channel's record with roots in place of trees. */
export type ChannelRow = Omit<
  Channel,
  'latest' | 'proposal' | 'move' | 'lastMove' | 'earlierMoves' | 'beforeChain'
> & {
  latest: Rooted<CoSigned> | null;
  proposal: Rooted<Proposal> | null;
  move: Rooted<Move> | null;
  lastMove: (Omit<LastMove, 'move' | 'before'> & { move: Rooted<Move>; before: Rooted<CoSigned> }) | null;
  earlierMoves?: { move: Rooted<Move>; before: Rooted<CoSigned> }[];
  beforeChain?: Rooted<CoSigned> | null;
};

/** What of a record has trees, wherever it stands. */
function holdersIn(record: Channel | ChannelRow) {
  const { latest, proposal, move, lastMove, earlierMoves = [], beforeChain } = record;
  const earlier = earlierMoves.flatMap((one) => [one.move, one.before]);
  return [latest, proposal, move, lastMove?.move, lastMove?.before, ...earlier, beforeChain];
}

/** Finds a node's RLP by its hash. */
export type FindNode = (hash: Uint8Array) => Uint8Array | undefined;

const rootsOf = (trees: Trees): Roots =>
  Object.fromEntries(hashOrder.map((name) => [name, trees[name].rootHash])) as Roots;

function rooted<T extends { trees?: Trees }>(holder: T | null): Rooted<T> | null {
  if (!holder) return null;
  const { trees, ...rest } = holder;
  return trees ? { ...rest, trees: rootsOf(trees) } : rest;
}

/** The record as it is written. */
export function withRoots(channel: Channel): ChannelRow {
  const { beforeChain, lastMove, earlierMoves, ...rest } = channel;
  return {
    ...rest,
    latest: rooted(channel.latest),
    proposal: rooted(channel.proposal),
    move: rooted(channel.move),
    lastMove: lastMove && {
      ...lastMove,
      move: rooted<Move>(lastMove.move)!,
      before: rooted<CoSigned>(lastMove.before)!,
    },
    ...(earlierMoves && {
      earlierMoves: earlierMoves.map(({ move, before }) => ({
        move: rooted<Move>(move)!,
        before: rooted<CoSigned>(before)!,
      })),
    }),
    ...(beforeChain ? { beforeChain: rooted<CoSigned>(beforeChain) } : {}),
  };
}

function planted<T extends { trees?: Trees }>(holder: Rooted<T> | null, find: FindNode | null): T | null {
  if (!holder) return null;
  const { trees: roots, ...rest } = holder;
  if (!roots || !find) return rest as unknown as T;
  const trees = Object.fromEntries(hashOrder.map((name) => [name, Mpt.read(roots[name], find)]));
  return { ...rest, trees } as unknown as T;
}

/**
 * The record as the machine has it. Trees of a channel that is over are left out: nothing needs them any more.
 * @throws StateError where a node is missing
 */
export const withTrees = (row: ChannelRow, find: FindNode): Channel =>
  recordOf(row, isOver(row) ? null : find);

/** The record without its trees, for who only reads the rest of it. */
export const treeless = (row: ChannelRow): Channel => recordOf(row, null);

function recordOf(row: ChannelRow, wanted: FindNode | null): Channel {
  const { beforeChain, lastMove, earlierMoves, ...rest } = row;
  return {
    ...rest,
    latest: planted<CoSigned>(row.latest, wanted),
    proposal: planted<Proposal>(row.proposal, wanted),
    move: planted<Move>(row.move, wanted),
    lastMove: lastMove && {
      ...lastMove,
      move: planted<Move>(lastMove.move, wanted)!,
      before: planted<CoSigned>(lastMove.before, wanted)!,
    },
    ...(earlierMoves && {
      earlierMoves: earlierMoves.map(({ move, before }) => ({
        move: planted<Move>(move, wanted)!,
        before: planted<CoSigned>(before, wanted)!,
      })),
    }),
    ...(beforeChain ? { beforeChain: planted<CoSigned>(beforeChain, wanted) } : {}),
  };
}

/** Whether the record has trees to be read. */
export const hasRoots = (row: ChannelRow): boolean =>
  holdersIn(row).some((holder) => holder?.trees !== undefined);

/** Everything that the record stands on. */
function* treesIn(channel: Channel): Generator<Mpt> {
  for (const holder of holdersIn(channel))
    if (holder?.trees) for (const name of hashOrder) yield (holder.trees as Trees)[name];
}

const prefixOf = (id: string): string => `${id}/`;
export const nodeKey = (id: string, hash: Uint8Array): string => `${prefixOf(id)}${toHex(hash)}`;

/** All nodes that the store has of a channel. */
export async function readNodes(store: Store, id: string): Promise<{ find: FindNode; rows: number }> {
  const rows = await store.list('nodes', { prefix: prefixOf(id) });
  const nodes = new Map(rows.map(({ key, value }) => [key, value as Uint8Array]));
  return { find: (hash) => nodes.get(nodeKey(id, hash)), rows: rows.length };
}

/** So many nodes that nothing needs are left to lie. */
const garbage = 1_000;

/** Whether nothing of its states is needed any more. */
export const isDone = (channel: Channel): boolean => isOver(channel) && !isMissed(channel);

/** The record without trees, once its channel is done. */
export const withoutTrees = (channel: Channel): Channel => treeless(withRoots(channel));

/** What the store has of one channel's nodes, so that each is written once. */
export class KeptNodes {
  readonly #id: string;
  /** Nodes in memory that are in the store; with each, all below it. */
  #kept = new WeakSet<object>();
  /** Rows in the store, and how many of them were needed at the last count. */
  #rows: number;
  #needed = 0;
  /** The record as it is durable. */
  #record: Channel;

  constructor(id: string, record: Channel, rows: number) {
    this.#id = id;
    this.#rows = rows;
    this.#record = record;
    if (rows > 0) this.#count();
  }

  /** The writes without which the record cannot be read again; call `done` once they are durable. */
  writes(channel: Channel): { writes: Write[]; done(): void } {
    const added: object[] = [];
    const writes = new Map<string, Write>();
    for (const tree of treesIn(channel))
      for (const { hash, rlp, node } of tree.nodes(this.#kept)) {
        added.push(node);
        const key = nodeKey(this.#id, hash);
        writes.set(key, { table: 'nodes', key, value: rlp });
      }
    return {
      writes: [...writes.values()],
      done: () => {
        for (const node of added) this.#kept.add(node);
        this.#rows += writes.size;
        this.#record = channel;
      },
    };
  }

  /** Whether there is more to remove than to keep, so that a sweep costs no more than what was written since the last. */
  get isDue(): boolean {
    return isDone(this.#record) ? this.#rows > 0 : this.#rows > 2 * this.#needed + garbage;
  }

  /**
   * The writes that remove what the durable record does not need. To be committed before anything else is written of
   * this channel; call `done` once they are durable.
   */
  async sweep(store: Store): Promise<{ writes: Write[]; done(): void }> {
    const needed = new Set<string>();
    if (!isDone(this.#record))
      for (const tree of treesIn(this.#record))
        for (const { hash } of tree.nodes()) needed.add(nodeKey(this.#id, hash));
    const rows = await store.list('nodes', { prefix: prefixOf(this.#id) });
    const writes = rows
      .filter(({ key }) => !needed.has(key))
      .map(({ key }): Write => ({ table: 'nodes', key, value: undefined }));
    return {
      writes,
      done: () => {
        this.#rows = rows.length - writes.length;
        this.#count();
      },
    };
  }

  #count(): void {
    this.#kept = new WeakSet();
    this.#needed = 0;
    if (isDone(this.#record)) return;
    for (const tree of treesIn(this.#record))
      for (const { node } of tree.nodes(this.#kept)) {
        this.#kept.add(node);
        this.#needed += 1;
      }
  }
}

/** @throws StoreError where the trees of a record cannot be read */
export function plant(row: ChannelRow, find: FindNode, id: string): Channel {
  try {
    return withTrees(row, find);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      `The contracts of channel ${id.slice(0, 8)} cannot be read (${why}). The wallet’s data is damaged: restore it from its backup.`,
      { cause: error },
    );
  }
}
