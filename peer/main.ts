/** `npm run peer`: starts the headless party and says how to reach it. */
import { FlagError, readFlags, usage } from './flags.ts';
import { startPeer } from './peer.ts';
import { readPolicy } from './policy.ts';

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return console.log(usage);
  const flags = readFlags(args);
  const peer = await startPeer(flags, readPolicy(flags.policy), (line) => console.log(`peer: ${line}`));
  console.log(`peer: ${flags.name} is ${peer.address}`);
  console.log(`peer: shop data at http://127.0.0.1:${flags.http}/shop.json`);
  console.log(`peer: invite ${peer.invite}`);
  const stop = () => {
    peer.stop().finally(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

main().catch((error: NodeJS.ErrnoException) => {
  const sentence =
    error.code === 'EADDRINUSE'
      ? `${error.message}: another program uses that port. Stop it, or give another by --http or --listen.`
      : error.message;
  console.error(error instanceof FlagError ? error.message : `peer: ${sentence}`);
  process.exit(1);
});
