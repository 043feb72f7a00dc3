/** `npm run watchtower`: starts the watchtower and prints the link that wallets take. */
import { run } from '../peer/service.ts';
import { readFlags, usage } from './flags.ts';
import { startTower } from './tower.ts';

run('watchtower', '--listen', async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    return null;
  }
  const log = (line: string) => console.log(`watchtower: ${line}`);
  const tower = await startTower(readFlags(args), log);
  log(`account ${tower.address}, guards ${tower.guards.all().length} channels`);
  log(`link ${tower.link}`);
  return tower;
});
