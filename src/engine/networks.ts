/** The networks that the wallet knows: the local chain and the chain's two public ones. */

export interface NetworkPreset {
  /** Names the preset in settings. */
  id: 'devnet' | 'testnet' | 'mainnet';
  /** Shown to people. */
  name: string;
  /** Base of the node's HTTP API, without a slash at the end. */
  nodeUrl: string;
  /** What the node must answer as its network_id, and what signatures are made for. */
  networkId: string;
  /** Where the node gives test coins away, a path below `nodeUrl`; null where there is none. */
  faucetPath: string | null;
  /** Multiaddr of the relay at which the wallet is reachable; null: the person sets one. */
  relay: string | null;
}

/** The first is what a new wallet starts with. */
export const networkPresets: readonly NetworkPreset[] = [
  {
    id: 'devnet',
    name: 'Local devnet',
    nodeUrl: 'http://localhost:3013',
    networkId: 'ae_devnet',
    faucetPath: '/devnet/faucet',
    // The key of `npm run relay -- --devnet` is published, so its name is known.
    relay: '/ip4/127.0.0.1/tcp/3015/ws/p2p/12D3KooWFn44NeBFKokVPPAJLKf8QpLjMMEr4f5zNWVfgyxQpfV7',
  },
  {
    id: 'testnet',
    name: 'Testnet',
    nodeUrl: 'https://testnet.aeternity.io',
    networkId: 'ae_uat',
    faucetPath: null,
    relay: null,
  },
  {
    id: 'mainnet',
    name: 'Mainnet',
    nodeUrl: 'https://mainnet.aeternity.io',
    networkId: 'ae_mainnet',
    faucetPath: null,
    relay: null,
  },
];
