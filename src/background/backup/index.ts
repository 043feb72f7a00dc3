/**
 * Backup of a whole wallet: its phrase and all that it stores of channels, payments, sites and settings. Restored only
 * into an empty wallet, in one commit; its channels may be older than what their peers hold, and are marked so.
 */
import * as v from 'valibot';
import { type FindNode, hasRoots, nodeKey, plant } from '../../engine/nodes.ts';
import { noncePrefix } from '../../engine/nonces.ts';
import { type Clock, type Random, type Store, type Table, tables, type Write } from '../../engine/ports.ts';
import { rivalPrefix } from '../../engine/rival.ts';
import { canChange, historyKey, readStored, type StoredRow } from '../../engine/stored.ts';
import { equalBytes, fromHex } from '../../protocol/bytes.ts';
import { lastNumberPrefix, lastNumbers } from '../dapps/sites.ts';
import { type Vault, VaultError } from '../vault/index.ts';
import { BackupError, damaged } from './error.ts';
import { readFile, writeFile } from './file.ts';

export { BackupError } from './error.ts';

export interface BackupDeps {
  store: Store;
  vault: Vault;
  clock: Clock;
  random: Random;
}

/**
 * Channels come first: what changes while the rest is read is then at worst newer than its channel, which the peer
 * brings up. Left out is what is of this moment only: questions that wait for the person, events for open pages, and
 * budgets, as an old one would say that less of it is used than is. Of the events their last numbers are kept: a site
 * that is told of the next one under a number that it had already would pass it over.
 */
const saved = ['channels', ...tables.filter((table) => table !== 'channels')].filter(
  (table) => table !== 'approvals' && table !== 'events' && table !== 'budgets',
) as Table[];
/** So much higher events are numbered after a restore: some were told after the backup was made. */
const numbersApart = 1_000_000;
/**
 * Sites' operations, in table `requests`: messages among them, which the person is not asked for, and nobody can tell
 * from the others. Where a site has more of them than this, none of its own come along, or it could make backups too
 * large. What the person was asked for is asked again then, where the site repeats it.
 */
const siteOperation = /^(https?:\/\/[^\s/]+) operation\//;
const mostOperations = 1_000;
/** The encrypted phrase is not taken over but made anew, under the password chosen then. */
const vaultKey = 'vault';

const Row = v.tuple([v.picklist(saved), v.string(), v.unknown()]);
type SavedRow = v.InferOutput<typeof Row>;
const Content = v.object({ phrase: v.string(), rows: v.array(Row) });

/**
 * The file of everything, under the wallet's password.
 * @throws VaultError for a wrong password, BackupError where it gets too large
 */
export async function exportBackup(
  { store, vault, clock, random }: BackupDeps,
  networkId: string,
  password: string,
): Promise<{ file: string; name: string }> {
  const phrase = await vault.revealPhrase(password);
  const account = await vault.addressOf(phrase);
  const rows = await readRows(store);
  const created = new Date(clock.now()).toISOString();
  const file = await writeFile({ created, account, networkId }, { phrase, rows }, password, random);
  return { file, name: `tandem-backup-${account.slice(3, 9)}-${created.slice(0, 10)}.json` };
}

/**
 * Everything that is saved. Nodes that a channel's record needs may be removed after it was read, once a newer record
 * has taken its place: then all is read again.
 */
async function readRows(store: Store): Promise<SavedRow[]> {
  for (let attempt = 1; ; attempt++) {
    const rows: SavedRow[] = [];
    for (const table of saved)
      for (const { key, value } of await listed(store, table))
        if (table !== 'meta' || (key !== vaultKey && !key.startsWith(lastNumberPrefix)))
          rows.push([table, key, value]);
    for (const [origin, number] of await lastNumbers(store))
      rows.push(['meta', lastNumberPrefix + origin, number]);
    try {
      checkNodes(rows);
      return rows;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

async function listed(store: Store, table: Table): Promise<{ key: string; value: unknown }[]> {
  const rows = await store.list(table);
  if (table !== 'requests') return rows;
  const siteOf = (key: string) => siteOperation.exec(key)?.[1];
  const counts = new Map<string, number>();
  for (const { key } of rows) {
    const site = siteOf(key);
    if (site !== undefined) counts.set(site, (counts.get(site) ?? 0) + 1);
  }
  return rows.filter(({ key }) => (counts.get(siteOf(key) ?? '') ?? 0) <= mostOperations);
}

/** @throws StoreError where a channel lacks nodes of its state trees */
function checkNodes(rows: readonly SavedRow[]): void {
  const nodes = new Map(rows.flatMap(([table, key, value]) => (table === 'nodes' ? [[key, value]] : [])));
  for (const [table, key, value] of rows) {
    if (table !== 'channels') continue;
    const { channel } = readStored(value);
    const find: FindNode = (hash) => {
      const node = nodes.get(nodeKey(key, hash));
      return node instanceof Uint8Array ? node : undefined;
    };
    if (hasRoots(channel)) plant(channel, find, key);
  }
}

/**
 * Makes the wallet of a backup in an empty store, unlocked. Nothing may run on the store meanwhile.
 * @param newPassword of the wallet from now on; the backup's own where left out
 * @throws BackupError or VaultError; then nothing was written
 */
export async function importBackup(
  { store, vault, clock }: BackupDeps,
  file: string,
  password: string,
  newPassword = password,
): Promise<{ address: string }> {
  if (!(await isEmpty(store, vault)))
    throw new BackupError(
      'not_empty',
      'There is a wallet here already. A backup is restored only into a new installation without one.',
    );
  const { header, content } = await readFile(file, password);
  const parsed = v.safeParse(Content, content);
  if (!parsed.success || !(await isPhraseOf(vault, parsed.output.phrase, header.account))) throw damaged();
  const { phrase, rows } = parsed.output;
  await vault.create({ mnemonic: phrase, password: newPassword }, restored(rows, clock.now()));
  return { address: header.account };
}

async function isEmpty(store: Store, vault: Vault): Promise<boolean> {
  if (vault.status() !== 'empty') return false;
  for (const table of ['channels', 'history', 'nonces', 'requests'] as const)
    if ((await store.list(table, { limit: 1 })).length > 0) return false;
  return true;
}

async function isPhraseOf(vault: Vault, phrase: string, account: string): Promise<boolean> {
  try {
    return (await vault.addressOf(phrase)) === account;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

/** The rows as they are written: each channel that its peer may have taken further is marked. */
function restored(rows: SavedRow[], now: number): Write[] {
  const next = new Map<string, number>();
  const writes: Write[] = [];
  for (const [table, key, value] of rows) {
    if (table === 'meta' && key === vaultKey) throw damaged();
    if (table === 'channels') {
      const stored = channelOf(key, value);
      next.set(key, stored.nextIndex);
      writes.push({ table, key, value: asRestored(stored, now) });
    } else if (table === 'meta' && key.startsWith(lastNumberPrefix)) {
      if (!Number.isSafeInteger(value)) throw damaged();
      writes.push({ table, key, value: (value as number) + numbersApart });
    } else writes.push({ table, key, value });
  }
  try {
    checkNodes(rows);
  } catch {
    throw damaged();
  }
  // History written between the reading of the channel and of its rows belongs to a later record than this one.
  return writes.filter(({ table, key }) => {
    // What was seen of others with the same key was seen by the installation that made the backup.
    if (table === 'meta' && [noncePrefix, rivalPrefix].some((start) => key.startsWith(start))) return false;
    if (table !== 'history') return true;
    const [id = ''] = key.split('/', 1);
    const end = next.get(id);
    return end !== undefined && key < historyKey(id, end);
  });
}

/** What the installation that is lost did after the backup is not in it. */
function asRestored(stored: StoredRow, now: number): StoredRow {
  const { channel } = stored;
  const restoredAt = canChange(channel) ? now : null;
  if (restoredAt === null && channel.phase !== 'failed') return { ...stored, restoredAt };
  return { ...stored, restoredAt, channel: { ...channel, doubt: true } };
}

function channelOf(key: string, value: unknown): StoredRow {
  const stored = readStored(value ?? {});
  const id: unknown = stored.channel?.temporaryId;
  const isId = /^[0-9a-f]{64}$/.test(key) && id instanceof Uint8Array && equalBytes(id, fromHex(key));
  if (!isId || !Number.isSafeInteger(stored.nextIndex)) throw damaged();
  return stored;
}
