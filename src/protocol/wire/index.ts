/** The wire format of the off-chain protocol (PROTOCOL 2): 26 messages, encoded and decoded by one table. */

export * from './decode.ts';
export * from './encode.ts';
export { WireError, type WireErrorPlace } from './error.ts';
export * from './layout.ts';
export { errorText } from './text.ts';
