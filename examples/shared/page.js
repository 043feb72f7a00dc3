/** What every page here shows and asks in the same way. */

/** Aetto as AE, exactly. */
export function ae(aetto) {
  const digits = String(aetto).padStart(19, '0');
  const fraction = digits.slice(-18).replace(/0+$/, '');
  return `${digits.slice(0, -18)}${fraction ? `.${fraction}` : ''} AE`;
}

/** AE as written by a person to aetto; null where it is no amount above nothing. */
export function aetto(written) {
  const match = /^(\d{1,9})(?:\.(\d{1,18}))?$/.exec(written.trim());
  const value = match && BigInt(match[1] + (match[2] ?? '').padEnd(18, '0'));
  return value ? value : null;
}

/** Text stays text: nothing of wallet, shop or contract becomes markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}
export const text = (content, className = '') => element('p', { className }, content);
export const button = (label, onclick, more = {}) =>
  element('button', { type: 'button', onclick, ...more }, label);

/** Leaves alone what looks the same, so that the keyboard's focus stays and nothing is read out twice. */
export function show(id, parts) {
  const place = document.getElementById(id);
  const next = element('div', {}, ...parts);
  if (next.innerHTML !== place.innerHTML) place.replaceChildren(...next.childNodes);
}

export async function getJson(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

/** A page's own name for one wish. */
export const wishId = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
