/** Which calls of src/rpc/page.ts may be sent again when nobody knows whether they arrived. */

/** Those that change nothing, or the same however often. `connect` repeated finds the question that is open already. */
const repeatable: ReadonlySet<string> = new Set([
  'connect',
  'channel.list',
  'channel.get',
  'channel.balances',
  'channel.budget',
  'channel.callContractStatic',
  'channel.leave',
  'channel.reconnect',
  'events.since',
]);

/** Whether sending the call twice does what sending it once does. */
export function mayRepeat({ method, params }: { method: string; params?: unknown }): boolean {
  if (repeatable.has(method)) return true;
  return typeof params === 'object' && params !== null && Object.hasOwn(params, 'requestId');
}
