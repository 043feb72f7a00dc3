/** `npm run watchtower`: starts the watchtower and prints the link that wallets take. */
import { FlagError } from '../peer/flags.ts';
import { readFlags, usage } from './flags.ts';
import { startTower } from './tower.ts';

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return console.log(usage);
  const log = (line: string) => console.log(`watchtower: ${line}`);
  const tower = await startTower(readFlags(args), log);
  log(`account ${tower.address}, guards ${tower.guards.all().length} channels`);
  log(`link ${tower.link}`);
  const stop = () => {
    tower.stop().finally(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

main().catch((error: NodeJS.ErrnoException) => {
  const sentence =
    error.code === 'EADDRINUSE'
      ? `${error.message}: another program uses that port. Stop it, or give another by --listen.`
      : error.message;
  console.error(error instanceof FlagError ? error.message : `watchtower: ${sentence}`);
  process.exit(1);
});
