/**
 * The orders of this browser, kept in localStorage before the wallet is asked. An order's id is the payment's
 * requestId: asking again after a reload returns the first outcome and never pays twice.
 */

const key = 'two-hands-coffee.orders';
const kept = 20;

/**
 * `state`: `asking` until the outcome is known, then `paid`, `declined` or `failed`.
 * @typedef {{ id: string, item: string, amount: string, channel: string, state: string, message: string, confirmed: boolean }} Order
 */

/** @returns {Order[]} newest first */
export function load() {
  try {
    const orders = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(orders) ? orders : [];
  } catch {
    return [];
  }
}

/** @returns {Order} stored */
export function create(item, amount, channel) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const id = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const order = { id, item, amount, channel, state: 'asking', message: '', confirmed: false };
  const open = (other) => other.state === 'asking';
  const old = load();
  save([order, ...old.filter(open), ...old.filter((other) => !open(other)).slice(0, kept)]);
  return order;
}

export function change(id, changes) {
  save(load().map((order) => (order.id === id ? { ...order, ...changes } : order)));
}

export function remove(id) {
  save(load().filter((order) => order.id !== id));
}

/** What is called out at the counter. */
export const ticket = (order) => order.id.slice(0, 4).toUpperCase();

/** The shop reads order and item from the payment's note. */
export const note = (order) => `order ${order.id}: ${order.item}`;

const save = (orders) => localStorage.setItem(key, JSON.stringify(orders));
