/** The runtime errors of the chain, and the text of each. */
import { oneLine, pretty } from './print.ts';
import { atom, int, type TermView, termList, termTuple, viewOf, viewOfType } from './term.ts';
import type { Type } from './types.ts';
import type { Value } from './value.ts';

/** ~P and ~W of a format, in the order of the arguments. */
type Argument = { pretty: TermView } | { oneLine: TermView } | { plain: string };

/** An error before its text is made. */
export interface Abort {
  /** `~` stands for the next argument */
  format: string;
  args: readonly Argument[];
}

const p = (term: TermView): Argument => ({ pretty: term });
const w = (term: TermView): Argument => ({ oneLine: term });
const abort = (format: string, ...args: Argument[]): Abort => ({ format, args });

/** The text of the error, in Latin-1 as the chain writes it. */
export function textOf({ format, args }: Abort): Uint8Array {
  const pieces = format.split('~');
  let text = pieces[0]!;
  for (const [i, arg] of args.entries()) {
    if ('pretty' in arg) text += pretty(arg.pretty, text);
    else text += 'oneLine' in arg ? oneLine(arg.oneLine) : arg.plain;
    text += pieces[i + 1]!;
  }
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

const views = (values: readonly Value[]): TermView => termList(values.map((value) => () => viewOf(value)));
const types = (all: readonly Type[]): TermView => termList(all.map((type) => () => viewOfType(type)));
const bytesTerm = (bytes: Uint8Array): TermView => ({ is: 'bin', bytes });

export const aborts = {
  outOfGas: abort('Out of gas'),
  typeError: (op: string, args: readonly Value[]) =>
    abort('Bad arguments to ~: ~', p(atom(op)), p(views(args))),
  valueNotOfType: (value: Value, type: string) =>
    abort('Type error on call: ~ is not of type ~', p(viewOf(value)), p(atom(type))),
  valueNotCharList: (value: Value) =>
    abort(
      'Type error on call: ~ is not of type ~',
      p(viewOf(value)),
      p(termTuple(atom('list'), atom('char'))),
    ),
  argsNotOfTypes: (args: readonly Value[], wanted: readonly Type[]) =>
    abort('Type error on call: ~ is not of type ~', p(views(args)), p(types(wanted))),
  badReturn: (value: Value, type: Type) =>
    abort('Type error on return: ~ is not of type ~', p(viewOf(value)), p(viewOfType(type))),
  remoteTypeMismatch: abort('Type of remote function does not match expected type'),
  arityMismatch: (got: number, wanted: number) =>
    abort('Expected ~ arguments, got ~', p(int(wanted)), p(int(got))),
  noSuchBlock: (block: Value) => abort('Trying to jump to non existing bb: ~', p(viewOf(block))),
  noSuchFunction: (name: Value) => abort('Trying to call undefined function: ~', w(viewOf(name))),
  initNotAllowed: abort('Calling init is not allowed in this context'),
  noSuchContract: (pubkey: Uint8Array) =>
    abort('Trying to call invalid contract: ~', { plain: `<<${pubkey.join(',')}>>` }),
  notOffChain: (op: string) => abort('Operation ~ not allowed off chain', p(atom(op))),
  callError: (what: string) => abort('Error in call: ~', w(atom(what))),
  badGasCap: (cap: bigint) => abort('Error in call: ~', w(termTuple(atom('bad_gas_cap'), int(cap)))),
  notPayable: (id: Uint8Array) => abort('Function with hash ~ is not payable', w(bytesTerm(id))),
  isPrivate: (id: Uint8Array) => abort('Function with hash ~ is private', w(bytesTerm(id))),
  primopError: (op: string, what: string) => abort('Error in ~: ~', w(atom(op)), w(atom(what))),
  reentrant: abort('Reentrant call'),
  illegalLogInt: (value: bigint) => abort('Illegal integer in log: ~', w(int(value))),
  illegalLogBits: abort('Illegal bits in log'),
  arithmetic: (reason: string) => abort('Arithmetic error: ~', p(atom(reason))),
  divisionByZero: abort('Arithmetic error: division by zero'),
  modByZero: abort('Arithmetic error: mod by zero'),
  missingKey: abort('Maps: Key does not exist'),
  headOfNil: abort('Head on empty list'),
  tailOfNil: abort('Tail on empty list'),
  undefinedVar: (mode: string, index: Value) =>
    abort('Undefined var: ~', p({ is: 'tuple', items: [() => atom(mode), () => viewOf(index)] })),
  emptyStack: (count: number) => abort('Stack overflow when pop:ing ~ elements', p(int(count))),
  badMap: (op: string, value: Value) =>
    abort('Operation ~ expected a map as argument, got ~', p(atom(op)), p(viewOf(value))),
  notImplemented: (op: string) => abort('Operation ~ is not implemented', p(atom(op))),
  disabled: (op: string) => abort('Error: operation ~ is disabled', p(atom(op))),
  badTupleSize: (size: Value) => abort('Invalid tuple size: ~', p(viewOf(size))),
  badIndex: (index: bigint) => abort('Bad index argument to element, Index: ~', p(int(index))),
  badVariantTag: (tag: number) => abort('Type error in switch: tag ~ is larger than switch op', p(int(tag))),
  badVariantSize: (size: number) => abort('Type error in switch: wrong size ~', p(int(size))),
} as const;
