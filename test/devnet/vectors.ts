/** The golden vectors, typed as far as the tests read them. */
import { readFileSync } from 'node:fs';

export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as T;
}

interface AccountVector {
  seed_byte: number;
  balance: string | number;
  nonce: number;
}

export interface StepVector {
  step: string;
  type: string;
  height: number;
  signed_tx_hex: string;
  result: 'ok' | 'error';
  reason?: string;
  channel_after?: ({ [field: string]: unknown } & { serialized_hex: string }) | null;
  accounts_after?: AccountVector[];
  locked_coins_after?: string | number;
  fp_calls?: { serialized_hex: string; call_id: string }[];
}

export interface Scenario {
  scenario: string;
  channel_id_hex: string;
  initial_accounts: AccountVector[];
  steps: StepVector[];
}

export interface ScenarioFile {
  network_id: string;
  scenarios: Scenario[];
}

export interface KeyVectors {
  keys: { role: string; seed_byte: number; seed_hex: string; pubkey_hex: string; address: string }[];
}

export const keys = readVectors<KeyVectors>('keys.json').keys;
