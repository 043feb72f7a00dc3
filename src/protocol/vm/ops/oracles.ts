/**
 * Names and oracles. The chain lets a channel's contracts read those on chain; a channel of this wallet runs without
 * the chain's trees of them, so it sees none. Whatever would change them is not allowed off chain.
 */
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { isBlob, none, type Value } from '../value.ts';
import type { Vm } from '../vm.ts';
import { fate2, type Group, type Run, since } from './op.ts';

const isTypeRep = (value: Value): boolean => typeof value === 'object' && value.kind === 'typerep';

/** Reads operands 1 to `count`; the first is the oracle, the second may be a query, the last two are types. */
function oracleArgs(vm: Vm, name: string, args: Parameters<Run>[1], withQuery: boolean): void {
  const values = args.slice(1).map((arg) => vm.get(arg));
  if (!isBlob(values[0]!, 'oracle')) vm.abort(aborts.valueNotOfType(values[0]!, 'oracle'));
  if (withQuery && !isBlob(values[1]!, 'oracle_query'))
    vm.abort(aborts.valueNotOfType(values[1]!, 'oracle_query'));
  if (!values.slice(-2).some(isTypeRep)) vm.abort(aborts.primopError(name, 'bad_type'));
}

const missing =
  (name: string): Run =>
  (vm, args) => {
    oracleArgs(vm, name, args, true);
    throw vm.abort(aborts.primopError(name, 'oracle_not_found'));
  };
const missingValue =
  (name: string): Run =>
  (vm, args) => {
    const oracle = vm.get(args[1]!);
    if (!isBlob(oracle, 'oracle')) throw vm.abort(aborts.valueNotOfType(oracle, 'oracle'));
    throw vm.abort(aborts.primopError(name, 'oracle_does_not_exist'));
  };
const unknown =
  (withQuery: boolean): Run =>
  (vm, args) => {
    oracleArgs(vm, 'oracle_check', args, withQuery);
    vm.set(args[0]!, false);
  };

function nameArg(vm: Vm, value: Value): Uint8Array {
  if (!isBlob(value, 'string')) return vm.abort(aborts.valueNotOfType(value, 'string'));
  return value.bytes;
}
/** The chain's node raises on the empty name. */
function checkName(name: Uint8Array): void {
  if (name.length === 0) throw new Crash('the empty name');
}

export const oracles: Group = {
  ORACLE_GET_ANSWER: missing('oracle_get_answer'),
  ORACLE_GET_QUESTION: missing('oracle_get_question'),
  ORACLE_QUERY_FEE: missingValue('oracle_query_fee'),
  ORACLE_EXPIRY: since(fate2, 'oracle_expiry', missingValue('oracle_expiry')),
  ORACLE_CHECK: unknown(false),
  ORACLE_CHECK_QUERY: unknown(true),
  AENS_RESOLVE: (vm, args) => {
    const [name, key, type] = [vm.get(args[1]!), vm.get(args[2]!), vm.get(args[3]!)];
    const bytes = nameArg(vm, name);
    nameArg(vm, key);
    if (!isTypeRep(type)) throw vm.abort(aborts.valueNotOfType(type, 'typerep'));
    checkName(bytes);
    vm.set(args[0]!, none);
  },
  AENS_LOOKUP: since(fate2, 'aens_lookup', (vm, args) => {
    checkName(nameArg(vm, vm.get(args[1]!)));
    vm.set(args[0]!, none);
  }),
};
