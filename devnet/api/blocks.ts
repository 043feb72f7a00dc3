/** Blocks as JSON. */
import {
  type Block,
  difficulty,
  type Generation,
  type KeyBlock,
  type MicroBlock,
  minerOf,
  protocolVersion,
} from '../blocks.ts';
import type { Chain } from '../chain.ts';
import { encode } from '../codes.ts';
import type { Json } from '../json.ts';

/** The node's version as it is put into key blocks: 730. */
const info = encode('cb', new Uint8Array([0, 0, 2, 0xda]));

function codeOf(chain: Chain, hash: Uint8Array): string {
  return encode(chain.block(hash)?.kind === 'micro' ? 'mh' : 'kh', hash);
}

export function keyBlockJson(chain: Chain, block: KeyBlock, beneficiary: string): Json {
  return {
    beneficiary,
    hash: encode('kh', block.hash),
    height: block.height,
    info,
    miner: encode('ak', minerOf(block).publicKey),
    prev_hash: codeOf(chain, block.prevHash),
    prev_key_hash: encode('kh', block.prevKeyHash),
    state_hash: encode('bs', block.stateHash),
    target: difficulty,
    time: block.time,
    version: protocolVersion,
  };
}

export function microHeaderJson(chain: Chain, block: MicroBlock): Json {
  return {
    hash: encode('mh', block.hash),
    height: block.height,
    pof_hash: 'no_fraud',
    prev_hash: codeOf(chain, block.prevHash),
    prev_key_hash: encode('kh', block.prevKeyHash),
    signature: encode('sg', block.signature),
    state_hash: encode('bs', block.stateHash),
    time: block.time,
    txs_hash: encode('bx', block.txsHash),
    version: protocolVersion,
  };
}

export function headerJson(chain: Chain, block: Block, beneficiary: string): Json {
  return block.kind === 'key' ? keyBlockJson(chain, block, beneficiary) : microHeaderJson(chain, block);
}

export function generationJson(chain: Chain, generation: Generation, beneficiary: string): Json {
  return {
    key_block: keyBlockJson(chain, generation.key, beneficiary),
    micro_blocks: generation.micros.map(({ hash }) => encode('mh', hash)),
  };
}
