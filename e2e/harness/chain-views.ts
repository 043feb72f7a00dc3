/** What the chain of a test holds, asked of its node. */

/** The channel's object on chain; null where it is not there. */
export async function onChain(
  url: string,
  channelId: string,
): Promise<{ round: bigint; lockedUntil: number } | null> {
  const response = await fetch(`${url}/v3/channels/${channelId}?int-as-string=true`);
  if (response.status === 404) return null;
  const body = (await response.json()) as { round: string; locked_until: string };
  return { round: BigInt(body.round), lockedUntil: Number(body.locked_until) };
}

/** Aetto of fees that this account paid for transactions of these types, in all blocks of the chain. */
export async function feesOf(url: string, account: string, types: readonly string[]): Promise<bigint> {
  const { height } = (await (await fetch(`${url}/v3/key-blocks/current/height`)).json()) as {
    height: number;
  };
  let fees = 0n;
  for (let at = 1; at <= height; at++) {
    const generation = (await (await fetch(`${url}/v3/generations/height/${at}`)).json()) as {
      micro_blocks: string[];
    };
    for (const hash of generation.micro_blocks) {
      const path = `${url}/v3/micro-blocks/hash/${hash}/transactions?int-as-string=true`;
      const { transactions } = (await (await fetch(path)).json()) as {
        transactions: { tx: { type: string; fee: string; from_id?: string; sender_id?: string } }[];
      };
      for (const { tx } of transactions)
        if ((tx.from_id ?? tx.sender_id) === account && types.includes(tx.type)) fees += BigInt(tx.fee);
    }
  }
  return fees;
}
