/** A contract of a channel as a page uses it: made once, remembered, called, read. */
import { callData, readValue } from '/shared/fate.js';
import { getJson, wishId } from '/shared/page.js';

const compiled = new Map();
/** What the compiler made of a source here. */
export async function load(name) {
  if (!compiled.has(name)) compiled.set(name, await getJson(`/contracts/${name}.json`));
  return compiled.get(name);
}

/** A call that both sides signed but that the contract did not take: its own words are the message. */
function result(outcome) {
  if (outcome.returnType === 'ok') return { ...outcome, value: readValue(outcome.returnValue) };
  throw new Error(
    outcome.returnType === 'revert'
      ? String(readValue(outcome.returnValue))
      : 'The contract ended in an error.',
  );
}

export async function create(provider, id, name, deposit, args) {
  const { code, aci } = await load(name);
  const params = { id, code, callData: callData('init', ...args), deposit, aci, requestId: wishId() };
  return result(await provider.request({ method: 'channel.createContract', params }));
}

export async function call(provider, id, name, contract, call, args = [], amount = '0') {
  const { aci } = await load(name);
  const params = { id, contract, callData: callData(call, ...args), amount, aci, requestId: wishId() };
  return result(await provider.request({ method: 'channel.callContract', params }));
}

/** Runs in the wallet alone, on the latest state. */
export async function look(provider, id, contract, call) {
  const params = { id, contract, callData: callData(call) };
  return result(await provider.request({ method: 'channel.callContractStatic', params })).value;
}
