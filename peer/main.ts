/** `npm run peer`: starts the headless party and says how to reach it. */
import { readFlags, usage } from './flags.ts';
import { startPeer } from './peer.ts';
import { readPolicy } from './policy.ts';
import { run } from './service.ts';

run('peer', '--http, --listen or --api', async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    return null;
  }
  const flags = readFlags(args);
  const peer = await startPeer(flags, readPolicy(flags.policy), (line) => console.log(`peer: ${line}`));
  console.log(`peer: ${flags.name} is ${peer.address}`);
  console.log(`peer: shop data at http://127.0.0.1:${flags.http}/shop.json`);
  if (peer.api)
    console.log(`peer: methods for your programs at ${peer.api.url}, token in ${peer.api.tokenFile}`);
  console.log(`peer: invite ${peer.invite}`);
  return peer;
});
