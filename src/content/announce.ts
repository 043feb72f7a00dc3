/** How a page finds the provider: EIP-6963's way, under our own event names. */
import type { TandemProvider } from './provider.ts';

export const announceEvent = 'tandem:announceProvider';
export const requestEvent = 'tandem:requestProvider';

export interface ProviderDetail {
  /** `uuid` is new with every page. */
  info: { uuid: string; name: string; icon: string; rdns: string };
  provider: TandemProvider;
}

const icon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="11" cy="16" r="9" fill="#0f766e"/><circle cx="21" cy="16" r="9" fill="#f59e0b" fill-opacity=".8"/></svg>',
  );

/** Announces now, and again whenever the page asks. Also `window.tandem`, unless that name is taken. */
export function announce(page: Window, uuid: string, provider: TandemProvider): void {
  const detail: ProviderDetail = Object.freeze({
    info: Object.freeze({ uuid, name: 'Tandem', icon, rdns: 'tandem.wallet' }),
    provider,
  });
  const tell = () => page.dispatchEvent(new CustomEvent(announceEvent, { detail }));
  page.addEventListener(requestEvent, tell);
  if (!('tandem' in page)) Object.defineProperty(page, 'tandem', { value: provider, enumerable: true });
  tell();
}

/** A random UUID (version 4); `crypto.randomUUID` is missing on plain http pages. */
export function uuid(random: Uint8Array): string {
  const bytes = random.slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
