/** The global `WebSocket` for Node 20, which lacks it and whose libp2p dials with it. Browsers get an empty stub. */
import WebSocket from 'ws';

if (!('WebSocket' in globalThis)) Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket });
