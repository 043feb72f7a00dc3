/** The wire format of the off-chain protocol (PROTOCOL 2): 26 messages, encoded and decoded by one table. */

export * from './layout.ts';
