/** Strings are bytes; where characters matter they are read as UTF-8 and brought to the composed form (NFC). */
import { sha256 } from '@noble/hashes/sha2.js';
import { base58 } from '@scure/base';
import { concatBytes } from '../../bytes.ts';
import { aborts } from '../abort.ts';
import { Crash } from '../failure.ts';
import { costModels } from '../traversal.ts';
import { type Blob, blob, isBlob, isList, itemsOf, listOf, none, some, type Value } from '../value.ts';
import type { Vm } from '../vm.ts';
import { fate3, type Group, type Run, resultOf, since } from './op.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Undefined where the bytes are no UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The code points of the composed form. */
const codePoints = (text: string): number[] =>
  Array.from(text.normalize('NFC'), (char) => char.codePointAt(0)!);
const isCodePoint = (value: Value): value is bigint =>
  typeof value === 'bigint' && value >= 0n && value <= 0x10ffffn;
const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

function stringOf(vm: Vm, value: Value): Blob {
  if (!isBlob(value, 'string')) return vm.abort(aborts.valueNotOfType(value, 'string'));
  return value;
}

function charsOf(vm: Vm, value: Value): number[] {
  const text = textOf(stringOf(vm, value).bytes);
  if (text === undefined) return vm.abort(aborts.valueNotOfType(value, 'string_utf8'));
  return codePoints(text);
}

/** A string or bytes as result, one cell for each 8 bytes and one more. */
function setSized(vm: Vm, target: Parameters<Run>[1][number], result: Blob): void {
  vm.spendCells(Math.floor(result.bytes.length / 8) + 1);
  vm.set(target, result);
}

/** Reads operand 1; the result is paid by its size. */
const convert =
  (name: string, apply: (value: Value) => Blob | undefined): Run =>
  (vm, args) => {
    const value = vm.get(args[1]!);
    setSized(vm, args[0]!, resultOf(vm, name, apply(value), [value]) as Blob);
  };

/** Each character on its own: the chain knows no final sigma. */
const changeCase =
  (change: (char: string) => string): Run =>
  (vm, args) => {
    const text = textOf(stringOf(vm, vm.get(args[1]!)).bytes);
    if (text === undefined) throw new Crash('letters of a string that is no UTF-8');
    const result = encoder.encode(Array.from(text, change).join(''));
    vm.spendCells(result.length);
    vm.set(args[0]!, blob('string', result));
  };

function reverse(value: Value): Blob | undefined {
  if (!isBlob(value, 'string')) return undefined;
  const text = textOf(value.bytes);
  if (text === undefined) throw new Crash('the reverse of a string that is no UTF-8');
  const reversed = Array.from(text.normalize('NFC')).reverse().join('');
  return blob('string', encoder.encode(reversed.normalize('NFC')));
}

const ascii = (text: string): Blob => blob('string', encoder.encode(text));

/** The text of an account, whatever its length. */
function addressText(bytes: Uint8Array): string {
  const checksum = sha256(sha256(bytes)).subarray(0, 4);
  return `ak_${base58.encode(concatBytes(bytes, checksum))}`;
}

export const strings: Group = {
  STR_JOIN: (vm, args) => {
    const [a, b] = [vm.get(args[1]!), vm.get(args[2]!)];
    const both = isBlob(a, 'string') && isBlob(b, 'string');
    const result = both ? blob('string', concatBytes(a.bytes, b.bytes)) : undefined;
    setSized(vm, args[0]!, resultOf(vm, 'str_join', result, [a, b]) as Blob);
  },
  STR_LENGTH: (vm, args) => {
    const chars = charsOf(vm, vm.get(args[1]!));
    vm.spendCells(chars.length);
    vm.set(args[0]!, BigInt(chars.length));
  },
  STR_TO_LIST: (vm, args) => {
    const chars = charsOf(vm, vm.get(args[1]!));
    vm.spendCells(2 * chars.length + 1);
    vm.set(args[0]!, listOf(chars.map(BigInt)));
  },
  STR_FROM_LIST: (vm, args) => {
    const list = vm.get(args[1]!);
    if (!isList(list)) throw vm.abort(aborts.valueNotCharList(list));
    vm.spendTraversal(list, costModels.simple);
    const chars = [...itemsOf(list)];
    if (!chars.every(isCodePoint)) throw vm.abort(aborts.valueNotCharList(list));
    if (chars.some((char) => isSurrogate(Number(char)))) throw new Crash('half a character');
    const text = chars.map((char) => String.fromCodePoint(Number(char))).join('');
    setSized(vm, args[0]!, blob('string', encoder.encode(text.normalize('NFC'))));
  },
  STR_TO_UPPER: changeCase((char) => char.toUpperCase()),
  STR_TO_LOWER: changeCase((char) => char.toLowerCase()),
  STR_REVERSE: convert('str_reverse_unicode', reverse),
  STR_TO_BYTES: since(
    fate3,
    'str_to_bytes',
    convert('str_to_bytes', (value) => (isBlob(value, 'string') ? blob('bytes', value.bytes) : undefined)),
  ),
  INT_TO_STR: convert('int_to_str', (value) =>
    typeof value === 'bigint' ? ascii(value.toString()) : undefined,
  ),
  ADDR_TO_STR: convert('addr_to_str', (value) =>
    isBlob(value, 'address') ? ascii(addressText(value.bytes)) : undefined,
  ),
  CHAR_TO_INT: (vm, args) => {
    const char = vm.get(args[1]!);
    if (typeof char !== 'bigint') throw vm.abort(aborts.valueNotOfType(char, 'char'));
    vm.set(args[0]!, char);
  },
  CHAR_FROM_INT: (vm, args) => {
    const code = vm.get(args[1]!);
    if (typeof code !== 'bigint') throw vm.abort(aborts.valueNotOfType(code, 'int'));
    if (!isCodePoint(code)) throw vm.abort(aborts.valueNotOfType(code, 'char'));
    // the chain lets half a character pass
    const chars = codePoints(String.fromCodePoint(Number(code)));
    vm.spendCells(chars.length === 1 ? 9 : 8);
    vm.set(args[0]!, chars.length === 1 ? some(BigInt(chars[0]!)) : none);
  },
};
