/**
 * A contract call in words, by the ACI that a site gave. Loaded only where one is looked at. The ACI is the site's
 * word: a function counts only where its name has the hash in the call data, values only where they encode to it again.
 * Such a hash has four bytes, so that two names may share one: where the contract's own table has a name, only that
 * one counts.
 */
import { AciContractCallEncoder } from '@aeternity/aepp-calldata';
import * as v from 'valibot';
import { toHex } from '../protocol/bytes.ts';
import { functionId } from '../protocol/vm/bytecode.ts';

export interface ReadCall {
  contract: string;
  name: string;
  args: { name: string; value: string }[];
  /** What a result means; null where the ACI does not fit it. */
  resultOf(returnValue: string): string | null;
}

const Aci = v.array(
  v.object({
    contract: v.optional(
      v.object({
        name: v.string(),
        kind: v.optional(v.string()),
        functions: v.array(
          v.object({ name: v.string(), arguments: v.array(v.object({ name: v.string() })) }),
        ),
      }),
    ),
  }),
);
const Decoded = v.object({ args: v.array(v.unknown()) });
type CallData = `cb_${string}`;

/** The first 4 bytes of BLAKE2b-256, hex, as the compiler names functions. */
const idOf = (name: string): string => toHex(functionId(name));

/**
 * @param id of the function that is called, hex
 * @param own its name in the contract's own table; null where that has none
 * @returns null where the ACI does not fit the call data
 */
export function readCall(json: string, id: string, callData: string, own: string | null): ReadCall | null {
  try {
    const aci = JSON.parse(json);
    const encoder = new AciContractCallEncoder(aci);
    // Interfaces are other contracts' and come before it.
    const main = v
      .parse(Aci, aci)
      .flatMap(({ contract }) => (contract && contract.kind !== 'contract_interface' ? [contract] : []))
      .at(-1);
    if (!main) return null;
    const fn =
      main.functions.find(({ name }) => idOf(name) === id && (own === null || own === name)) ??
      (id === idOf('init') ? { name: 'init', arguments: [] } : null);
    if (!fn || (own !== null && own !== fn.name)) return null;
    const data = callData as CallData;
    const { args: values } = v.parse(Decoded, encoder.decodeCall(main.name, fn.name, data));
    if (encoder.encodeCall(main.name, fn.name, [...values]) !== data) return null;
    return {
      contract: main.name,
      name: fn.name,
      args: values.map((value, index) => ({
        name: fn.arguments[index]?.name ?? `${index + 1}`,
        value: valueText(value),
      })),
      resultOf(returnValue) {
        try {
          return valueText(encoder.decodeResult(main.name, fn.name, returnValue as CallData, 'ok'));
        } catch {
          return null;
        }
      },
    };
  } catch {
    // Whatever the library or the ACI trips over: it could not be checked.
    return null;
  }
}

/** As Sophia would write it, about. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'None';
  if (typeof value === 'string') return /^[a-z]{2}_/.test(value) ? value : JSON.stringify(value);
  if (value instanceof Uint8Array) return `#${toHex(value)}`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `[${valueText(key)}] = ${valueText(item)}`).join(', ')}}`;
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${valueText(item)}`)
      .join(', ')}}`;
  return String(value);
}
