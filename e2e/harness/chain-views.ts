/** What the chain of a test holds, asked of its node. */

/** The channel's object on chain; null where it is not there. */
export async function onChain(
  url: string,
  channelId: string,
): Promise<{ round: bigint; lockedUntil: number; amount: bigint } | null> {
  const response = await fetch(`${url}/v3/channels/${channelId}?int-as-string=true`);
  if (response.status === 404) return null;
  const body = (await response.json()) as { round: string; locked_until: string; channel_amount: string };
  return {
    round: BigInt(body.round),
    lockedUntil: Number(body.locked_until),
    amount: BigInt(body.channel_amount),
  };
}

interface ChainTx {
  type: string;
  fee: string;
  from_id?: string;
  sender_id?: string;
}

async function everyTx(url: string): Promise<ChainTx[]> {
  const read = async <T>(path: string) => (await (await fetch(url + path)).json()) as T;
  const { height } = await read<{ height: number }>('/v3/key-blocks/current/height');
  const found: ChainTx[] = [];
  for (let at = 1; at <= height; at++) {
    const { micro_blocks } = await read<{ micro_blocks: string[] }>(`/v3/generations/height/${at}`);
    for (const hash of micro_blocks) {
      const path = `/v3/micro-blocks/hash/${hash}/transactions?int-as-string=true`;
      found.push(...(await read<{ transactions: { tx: ChainTx }[] }>(path)).transactions.map(({ tx }) => tx));
    }
  }
  return found;
}

const sum = (txs: ChainTx[]): bigint => txs.reduce((fees, { fee }) => fees + BigInt(fee), 0n);

/** Aetto of fees that this account paid for transactions of these types, in all blocks of the chain. */
export async function feesOf(url: string, account: string, types: readonly string[]): Promise<bigint> {
  const txs = await everyTx(url);
  return sum(txs.filter((tx) => (tx.from_id ?? tx.sender_id) === account && types.includes(tx.type)));
}

/** Aetto of all fees in all blocks, but for payments of other accounts than these (the faucet's). */
export async function allFees(url: string, accounts: readonly string[]): Promise<bigint> {
  const txs = await everyTx(url);
  return sum(txs.filter(({ type, sender_id }) => type !== 'SpendTx' || accounts.includes(sender_id ?? '')));
}
