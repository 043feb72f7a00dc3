export { VaultError } from './error.ts';
export { type Session, Vault, type VaultDeps } from './vault.ts';
